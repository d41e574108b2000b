#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/bench.h"
#include "host/device/ragged.h"
#include "kernels/lstm/lstm.h"

namespace cutract::bench {

struct LstmShape {
  Index F = 80, H = 128, L = 2;
  std::vector<std::int32_t> lengths;
  Precision precision = Precision::fp32;
  LstmEngine engine = LstmEngine::automatic;  // used on a GPU only
};

// A stack of bidirectional LSTM layers over one packed batch. Weights, input and the gradient of the output are random,
// and everything is in the memory of the executor that is passed to every call.
class LstmStack {
 public:
  LstmStack(Exec&, LstmShape);
  void forward(Exec&);
  void backward(Exec&);  // zeroes the weight gradients first; skips the gradient of the input, as training does
  Work work(bool with_backward) const;
  // Runs forward and backward and compares the output and every weight gradient with the double-precision oracle; empty
  // if all are right.
  std::string difference_from_oracle(Exec&);

 private:
  struct Direction {
    Buffer<float> w_ih, w_hh, b_ih, b_hh;  // [4H,F] [4H,H] [4H] [4H]
  };
  struct Layer {
    Index F;
    std::vector<Direction> w;       // [2]
    Buffer<float> gates, c, h, dx;  // [N,2,4H] [N,2,H] [N,2,H] [N,F]; dx is empty for the lowest layer
    Buffer<std::byte> reserve;      // data that an engine keeps for backward
    Index gradients;                // start of this direction's weights in gradients_
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
