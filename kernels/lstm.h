#pragma once

#include <array>
#include <cstddef>

#include "host/core/exec.h"
#include "host/core/ragged.h"
#include "host/core/view.h"
#include "kernels/lstm_engines.h"
#include "kernels/precision.h"

namespace cutract {

// One direction's weights in PyTorch's layout. Gate rows in the order i, f, g, o.
struct LstmWeights {
  View<const float, 2> w_ih;  // [4H, F]
  View<const float, 2> w_hh;  // [4H, H]
  View<const float, 1> b_ih;  // [4H]
  View<const float, 1> b_hh;  // [4H]
};
struct LstmGradients {
  View<float, 2> w_ih, w_hh;  // as the weights
  View<float, 1> b_ih, b_hh;
};

// One (bi)directional LSTM layer over packed frames, zero initial state (Hochreiter and Schmidhuber 1997, with forget
// gate and without peepholes, as torch.nn.LSTM). D = 1 runs forward in time only; D = 2 adds the reverse direction,
// which starts at each utterance's own last frame.
struct LstmArgs {
  View<const float, 2> x;        // [N, F]
  std::array<LstmWeights, 2> w;  // [D] forward, reverse
  Ragged ragged;
  View<float, 3> gates;  // [N, D, 4H] activated gates, kept for backward
  View<float, 3> c;      // [N, D, H] cell state, kept for backward
  View<float, 3> h;      // [N, D, H] the output: a row is forward | reverse
  Precision precision = Precision::fp32;
  LstmEngine engine = LstmEngine::automatic;  // on a GPU
  View<std::byte, 1> reserve = {};  // [lstm_reserve_bytes] what else the engine keeps for backward; empty: no backward
};
void lstm(Exec&, const LstmArgs&);
void lstm(CpuExec&, const LstmArgs&);
void lstm(GpuExec&, const LstmArgs&);

// Bytes of reserve for a batch like this one, of which it looks at shapes, ragged, precision and engine. Engine cudnn
// keeps all it needs there and does not touch gates and c; the others need none.
Index lstm_reserve_bytes(Exec&, const LstmArgs&);
Index lstm_reserve_bytes(GpuExec&, const LstmArgs&);

// Back-propagation through time. Weight gradients are added to what is there.
struct LstmBackwardArgs {
  View<const float, 2> x;        // [N, F]
  std::array<LstmWeights, 2> w;  // [D]
  Ragged ragged;
  View<float, 3> gates;             // [N, D, 4H] in: from forward; out: gradient of the gates before activation
  View<const float, 3> c;           // [N, D, H] from forward
  View<const float, 3> h;           // [N, D, H] from forward
  View<const float, 3> dh;          // [N, D, H]
  View<float, 2> dx;                // [N, F], or null: not wanted
  std::array<LstmGradients, 2> dw;  // [D]
  Precision precision = Precision::fp32;
  LstmEngine engine = LstmEngine::automatic;  // as forward's
  View<std::byte, 1> reserve = {};            // from forward
};
void lstm_backward(Exec&, const LstmBackwardArgs&);
void lstm_backward(CpuExec&, const LstmBackwardArgs&);
void lstm_backward(GpuExec&, const LstmBackwardArgs&);

}  // namespace cutract
