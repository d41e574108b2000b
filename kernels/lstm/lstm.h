#pragma once

#include <array>
#include <cstddef>

#include "host/core/view.h"
#include "host/device/exec.h"
#include "host/device/ragged.h"
#include "kernels/lstm/lstm_engines.h"
#include "kernels/precision.h"

namespace cutract {

// The weights of one direction in PyTorch's layout. The gate rows are in the order i, f, g, o.
struct LstmWeights {
  View<const float, 2> w_ih;  // [4H, F]
  View<const float, 2> w_hh;  // [4H, H]
  View<const float, 1> b_ih;  // [4H]
  View<const float, 1> b_hh;  // [4H]
};
struct LstmGradients {
  View<float, 2> w_ih, w_hh;  // shapes as in LstmWeights
  View<float, 1> b_ih, b_hh;
};

// One (bi)directional LSTM layer over packed frames with zero initial state (Hochreiter and Schmidhuber 1997, with a
// forget gate and without peepholes, as in torch.nn.LSTM). D = 1 runs forward in time only; D = 2 adds the reverse
// direction, which starts at each utterance's own last frame.
struct LstmArgs {
  View<const float, 2> x;        // [N, F]
  std::array<LstmWeights, 2> w;  // [D] forward, reverse
  Ragged ragged;
  View<float, 3> gates;  // [N, D, 4H] activated gates, kept for backward
  View<float, 3> c;      // [N, D, H] cell state, kept for backward
  View<float, 3> h;      // [N, D, H] the output; a row holds forward, then reverse
  Precision precision = Precision::fp32;
  LstmEngine engine = LstmEngine::automatic;  // used on a GPU only
  View<std::byte, 1> reserve = {};  // [lstm_reserve_bytes] engine data for backward; empty: no backward follows
};
void lstm(Exec&, const LstmArgs&);
void lstm(CpuExec&, const LstmArgs&);
void lstm(GpuExec&, const LstmArgs&);

// Size in bytes of the reserve for a batch like this one; depends on shapes, ragged, precision and engine. The cudnn
// engine keeps everything it needs there and does not touch gates and c. The other engines need no reserve.
Index lstm_reserve_bytes(Exec&, const LstmArgs&);
Index lstm_reserve_bytes(GpuExec&, const LstmArgs&);

// Back-propagation through time. Weight gradients are added to the values already in dw.
struct LstmBackwardArgs {
  View<const float, 2> x;        // [N, F]
  std::array<LstmWeights, 2> w;  // [D]
  Ragged ragged;
  View<float, 3> gates;     // [N, D, 4H] on entry from forward; on exit the gradients of the gates before activation
  View<const float, 3> c;   // [N, D, H] from forward
  View<const float, 3> h;   // [N, D, H] from forward
  View<const float, 3> dh;  // [N, D, H]
  View<float, 2> dx;        // [N, F], or null to skip it; the gradient is added to what it holds if `add_dx`
  std::array<LstmGradients, 2> dw;  // [D]
  Precision precision = Precision::fp32;
  LstmEngine engine = LstmEngine::automatic;  // the same as in forward
  View<std::byte, 1> reserve = {};            // from forward
  bool add_dx = false;
};
void lstm_backward(Exec&, const LstmBackwardArgs&);
void lstm_backward(CpuExec&, const LstmBackwardArgs&);
void lstm_backward(GpuExec&, const LstmBackwardArgs&);

}  // namespace cutract
