#pragma once

#include "host/core/view.h"
#include "host/device/exec.h"
#include "kernels/starts.h"

namespace cutract {

// Appends slopes over time. The columns of y are x, its deltas, the deltas of those, and so on, as many orders as y has
// room for. A delta is the slope of the regression line over 2 n + 1 rows, sum_i i x[t+i] / sum_i i^2. Rows beyond the
// edge of an utterance repeat its first or last row.
struct DeltasArgs {
  View<const float, 2> x;  // [T, F]
  Index n = 2;             // rows on each side, >= 1
  View<float, 2> y;        // [T, F (1 + orders)]; may not alias x
  Starts starts;           // first row of each utterance
};
void deltas(Exec&, const DeltasArgs&);
void deltas(CpuExec&, const DeltasArgs&);
void deltas(GpuExec&, const DeltasArgs&);

}  // namespace cutract
