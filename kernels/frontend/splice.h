#pragma once

#include "host/core/view.h"
#include "host/device/exec.h"
#include "kernels/starts.h"

namespace cutract {

// Each row with its neighbours: y[t] = x[t-n] .. x[t] .. x[t+n]. Rows beyond the edge of an utterance repeat its first
// or last row.
struct SpliceArgs {
  View<const float, 2> x;  // [T, F]
  View<float, 2> y;        // [T, F (2 n + 1)]; may not alias x
  Starts starts;           // first row of each utterance
};
void splice(Exec&, const SpliceArgs&);
void splice(CpuExec&, const SpliceArgs&);
void splice(GpuExec&, const SpliceArgs&);

}  // namespace cutract
