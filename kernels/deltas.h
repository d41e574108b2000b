#pragma once

#include "host/core/exec.h"
#include "host/core/view.h"
#include "kernels/starts.h"

namespace cutract {

// Appends slopes over time: the columns of y are x, its deltas, the deltas of those, as many as fit. A delta is the
// slope of the regression line over 2 n + 1 rows, sum_i i x[t+i] / sum_i i^2, rows beyond an edge of
// the utterance repeating the edge's.
struct DeltasArgs {
  View<const float, 2> x;  // [T, F]
  Index n = 2;             // rows on either side, >= 1
  View<float, 2> y;        // [T, F (1 + orders)]; may not alias x
  Starts starts;           // of the utterances
};
void deltas(Exec&, const DeltasArgs&);
void deltas(CpuExec&, const DeltasArgs&);
void deltas(GpuExec&, const DeltasArgs&);

}  // namespace cutract
