#pragma once

#include "host/core/view.h"
#include "host/device/exec.h"

namespace cutract {

// value = sum of x^2 in double, in fixed chunks. Applied to a gradient arena, this is the square of its global norm.
struct SumSquaresArgs {
  View<const float, 1> x;  // [n]
  View<double, 1> value;   // [1]
};
void sum_squares(Exec&, const SumSquaresArgs&);
void sum_squares(CpuExec&, const SumSquaresArgs&);
void sum_squares(GpuExec&, const SumSquaresArgs&);

}  // namespace cutract
