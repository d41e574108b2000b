#pragma once

#include "host/core/exec.h"
#include "host/core/view.h"
#include "kernels/starts.h"

namespace cutract {

// Each row with its neighbours: y[t] = x[t-n] .. x[t] .. x[t+n], rows beyond an edge of its utterance repeating
// the edge's.
struct SpliceArgs {
  View<const float, 2> x;  // [T, F]
  View<float, 2> y;        // [T, F (2 n + 1)]; may not alias x
  Starts starts;           // of the utterances
};
void splice(Exec&, const SpliceArgs&);
void splice(CpuExec&, const SpliceArgs&);
void splice(GpuExec&, const SpliceArgs&);

}  // namespace cutract
