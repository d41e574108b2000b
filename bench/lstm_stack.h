#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/bench.h"
#include "host/core/ragged.h"
#include "kernels/lstm.h"

namespace cutract::bench {

struct LstmShape {
  Index F = 80, H = 128, L = 2;
  std::vector<std::int32_t> lengths;
  Precision precision = Precision::fp32;
  LstmEngine engine = LstmEngine::automatic;  // on a GPU
};

// A stack of bidirectional LSTM layers over one packed batch, with random weights, input and gradient of its output,
// all in the memory of the executor that every call takes.
class LstmStack {
 public:
  LstmStack(Exec&, LstmShape);
  void forward(Exec&);
  void backward(Exec&);  // zeroes the weights' gradients first; the input's gradient is not wanted, as in training
  Work work(bool with_backward) const;
  // Runs forward and backward and compares output and every weight's gradient with the double oracle; empty: right.
  std::string difference_from_oracle(Exec&);

 private:
  struct Direction {
    Buffer<float> w_ih, w_hh, b_ih, b_hh;  // [4H,F] [4H,H] [4H] [4H]
  };
  struct Layer {
    Index F;
    std::vector<Direction> w;       // [2]
    Buffer<float> gates, c, h, dx;  // [N,2,4H] [N,2,H] [N,2,H] [N,F], the last empty for the lowest layer
    Buffer<std::byte> reserve;      // what else an engine keeps for backward
    Index gradients;                // where those of its weights begin in gradients_
  };
  View<const float, 2> input(std::size_t layer) const;
  LstmArgs args(std::size_t layer) const;
  LstmGradients gradients(const Layer&, Index d) const;

  LstmShape shape_;
  RaggedOn ragged_;
  Buffer<float> x_, dh_;  // [N,F], [N,2H]
  std::vector<Layer> layers_;
  Buffer<float> gradients_;  // of all weights, layer by layer, each direction as w_ih, w_hh, b_ih, b_hh
};

}  // namespace cutract::bench
