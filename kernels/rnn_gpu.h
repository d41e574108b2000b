#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "host/core/exec.h"
#include "host/core/view.h"
#include "kernels/precision.h"

// The library behind the LSTM's engine cudnn. Not an op: lstm_cudnn_gpu.cu brings data into its form and back. By
// cuDNN; by lstm_plain.h where the GPU is emulated; by an error in a build without cuDNN.
namespace cutract {

// One layer over one batch.
struct RnnShape {
  Index F = 0, H = 0, D = 0;
  std::span<const std::int32_t> lengths;  // [B] in host memory, longest first, B >= 1; must outlive the Rnn
  Precision precision = Precision::fp32;
  bool training = false;  // backward follows
};

// Elements are float, for bf16 the upper halves of floats. Frames come in the order of time, then of utterance, and
// only those that exist: rows of step t are the utterances longer than t. Weights lie in a space that the library lays
// out. Initial states are zero.
class Rnn {
 public:
  Rnn(GpuExec&, const RnnShape&);  // Error{device} without cuDNN, Error{config} for what it cannot take
  ~Rnn();

  // Bytes: of the weight space; of scratch for any one call; of what forward leaves for backward.
  struct Sizes {
    Index weights = 0, work = 0, reserve = 0;
  };
  Sizes sizes() const;

  // Elements from the beginning of `weights` to a matrix [H, F] or [H, H] and to its bias [H]. Linear maps 0..3 take
  // the input, 4..7 the state, both for gates i, f, g, o.
  struct Place {
    Index matrix = 0, bias = 0;
  };
  Place place(Index direction, Index linear, const std::byte* weights) const;

  // x [N, F], y [N, D, H]. `reserve` is used if training.
  void forward(const std::byte* x, const std::byte* weights, std::byte* y, std::byte* work, std::byte* reserve);
  // Behind forward with the same x, weights, y and reserve: dx [N, F] from dy [N, D, H].
  void backward_data(const std::byte* y, const std::byte* dy, const std::byte* weights, std::byte* dx, std::byte* work,
                     std::byte* reserve);
  // Behind backward_data, which leaves work and reserve ready for it: adds to dweights.
  void backward_weights(const std::byte* x, const std::byte* y, std::byte* dweights, std::byte* work,
                        std::byte* reserve);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

std::string why_no_cudnn();  // empty if an Rnn can be made

}  // namespace cutract
