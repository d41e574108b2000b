#pragma once

#include "host/core/view.h"
#include "host/device/exec.h"
#include "kernels/precision.h"

namespace cutract {

// y = x w^T + b over packed frames. `precision` is that of the product on a GPU.
struct LinearArgs {
  View<const float, 2> x;  // [N, I]
  View<const float, 2> w;  // [O, I]
  View<const float, 1> b;  // [O]
  View<float, 2> y;        // [N, O]
  Precision precision = Precision::fp32;
};
void linear(Exec&, const LinearArgs&);
void linear(CpuExec&, const LinearArgs&);
void linear(GpuExec&, const LinearArgs&);

// dx = dy w, or dx += dy w with `add_dx` for residual connections (skipped if dx.data is null); dw += dy^T x; db +=
// column sums of dy.
struct LinearBackwardArgs {
  View<const float, 2> x;   // [N, I]
  View<const float, 2> w;   // [O, I]
  View<const float, 2> dy;  // [N, O]
  View<float, 2> dx;        // [N, I] or null
  View<float, 2> dw;        // [O, I]
  View<float, 1> db;        // [O]
  Precision precision = Precision::fp32;
  bool add_dx = false;
};
void linear_backward(Exec&, const LinearBackwardArgs&);
void linear_backward(CpuExec&, const LinearBackwardArgs&);
void linear_backward(GpuExec&, const LinearBackwardArgs&);

}  // namespace cutract
