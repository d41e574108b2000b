#pragma once

#include "host/core/view.h"
#include "host/device/exec.h"
#include "kernels/starts.h"

namespace cutract {

// Appends slopes over time. F (1 + orders) columns of y are x, its deltas, the deltas of those, and so on; without
// orders they are a copy of x. A delta is the slope of the regression line over 2 n + 1 rows, sum_i i x[t+i] / sum_i
// i^2. Rows beyond the edge of an utterance repeat its first or last row.
struct DeltasArgs {
  View<const float, 2> x;  // [T, F]
  Index n = 2;             // rows on each side, >= 1
  View<float, 2> y;        // [T, C]; may not alias x
  Starts starts;           // first row of each utterance
  Index first = 0;         // column of y where x goes; the columns beside those written keep their values
  Index orders = -1;       // -1: as many as y has room for, which must be all of it
};
inline Index orders_of(const DeltasArgs& a) { return a.orders < 0 ? a.y.shape[1] / a.x.shape[1] - 1 : a.orders; }
void deltas(Exec&, const DeltasArgs&);
void deltas(CpuExec&, const DeltasArgs&);
void deltas(GpuExec&, const DeltasArgs&);

}  // namespace cutract
