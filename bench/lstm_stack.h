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
};

// A stack of bidirectional LSTM layers over one packed batch, with random weights, input and gradient of its output.
class LstmStack {
 public:
  explicit LstmStack(LstmShape);
  void forward(Exec&);
  void backward(Exec&);  // zeroes the weights' gradients first; the input's gradient is not wanted, as in training
  Work work(bool with_backward) const;
  // Runs forward and backward and compares output and every weight's gradient with the double oracle; empty: right.
  std::string difference_from_oracle(Exec&);

 private:
  struct Direction {
    std::vector<float> w_ih, w_hh, b_ih, b_hh;  // [4H,F] [4H,H] [4H] [4H]
  };
  struct Layer {
    Index F = 0;
    std::vector<Direction> w, dw;    // [2]
    std::vector<float> gates, c, h;  // [N,2,4H] [N,2,H] [N,2,H]
    std::vector<float> dx;           // [N,F]; empty for the lowest
  };
  View<const float, 2> input(std::size_t layer) const;
  LstmArgs args(std::size_t layer);

  LstmShape shape_;
  RaggedBatch ragged_;
  std::vector<float> x_, dh_;  // [N,F], [N,2H]
  std::vector<Layer> layers_;
};

}  // namespace cutract::bench
