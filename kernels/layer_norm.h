#pragma once

#include "host/core/view.h"
#include "host/device/exec.h"

namespace cutract {

// y = (x - mean) / sqrt(variance + eps) * w + b, with the mean and the biased variance of each row: torch.nn.LayerNorm
// over the columns.
struct LayerNormArgs {
  View<const float, 2> x;  // [N, C]
  View<const float, 1> w;  // [C]
  View<const float, 1> b;  // [C]
  View<float, 2> y;        // [N, C] may alias x if no backward follows
  View<float, 2> stats;    // [N, 2] mean and 1 / sqrt(variance + eps) of each row, for backward
  float eps = 1e-5f;
};
void layer_norm(Exec&, const LayerNormArgs&);
void layer_norm(CpuExec&, const LayerNormArgs&);
void layer_norm(GpuExec&, const LayerNormArgs&);

// With n = (x - mean) / sqrt(variance + eps) and g = dy w: dx = (g - mean(g) - n mean(g n)) / sqrt(variance + eps), or
// dx += that with `add_dx`; dw += column sums of dy n; db += column sums of dy.
struct LayerNormBackwardArgs {
  View<const float, 2> x;      // [N, C]
  View<const float, 1> w;      // [C]
  View<const float, 2> stats;  // [N, 2] of forward
  View<const float, 2> dy;     // [N, C]
  View<float, 2> dx;           // [N, C] may alias dy unless add_dx
  View<float, 1> dw;           // [C]
  View<float, 1> db;           // [C]
  bool add_dx = false;
};
void layer_norm_backward(Exec&, const LayerNormBackwardArgs&);
void layer_norm_backward(CpuExec&, const LayerNormBackwardArgs&);
void layer_norm_backward(GpuExec&, const LayerNormBackwardArgs&);

}  // namespace cutract
