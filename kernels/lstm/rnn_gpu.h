#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "host/core/view.h"
#include "host/device/exec.h"
#include "kernels/precision.h"

// The library interface used by the LSTM engine cudnn: cuDNN itself, lstm_plain.h where the GPU is emulated, or an
// error in a build without cuDNN. Not an op: lstm_cudnn_gpu.cu converts data to and from this layout.
namespace cutract {

// One layer applied to one batch.
struct RnnShape {
  Index F = 0, H = 0, D = 0;
  std::span<const std::int32_t> lengths;  // [B] in host memory, longest first, B >= 1; must outlive the Rnn
  Precision precision = Precision::fp32;
  bool training = false;  // backward follows
};

// Elements are floats, or, for bf16, the upper halves of floats. Frames are ordered by time step, then by utterance,
// and only existing frames are stored: the rows of step t are the utterances longer than t. Weights are in one space
// whose layout the library chooses. Initial states are zero.
class Rnn {
 public:
  Rnn(GpuExec&, const RnnShape&);  // Error{device} without cuDNN, Error{config} for unsupported shapes
  ~Rnn();

  // Sizes in bytes: of the weight space, of the scratch memory for any one call, and of what forward keeps for
  // backward.
  struct Sizes {
    Index weights = 0, work = 0, reserve = 0;
  };
  Sizes sizes() const;

  // Offsets in elements from the start of `weights` to a matrix [H, F] or [H, H] and to its bias [H]. Linear maps 0..3
  // apply to the input and 4..7 to the state, both for gates i, f, g, o.
  struct Place {
    Index matrix = 0, bias = 0;
  };
  Place place(Index direction, Index linear, const std::byte* weights) const;

  // x is [N, F], y [N, D, H]. `reserve` is used if `training` is set.
  void forward(const std::byte* x, const std::byte* weights, std::byte* y, std::byte* work, std::byte* reserve);
  // Call after forward with the same x, weights, y and reserve. Computes dx [N, F] from dy [N, D, H].
  void backward_data(const std::byte* y, const std::byte* dy, const std::byte* weights, std::byte* dx, std::byte* work,
                     std::byte* reserve);
  // Call after backward_data, which prepares work and reserve for it. Adds to dweights.
  void backward_weights(const std::byte* x, const std::byte* y, std::byte* dweights, std::byte* work,
                        std::byte* reserve);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

std::string why_no_cudnn();  // empty if an Rnn can be created

}  // namespace cutract
