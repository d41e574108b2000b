#pragma once

#include <cstdint>

#include "host/core/exec.h"
#include "host/core/view.h"

namespace cutract {

// z = (x - mean) / std per column, in place, each utterance by the statistics of its group (its speaker, say). In
// double, rounded once: the same bits on every device.
struct NormaliseArgs {
  View<float* const, 1> rows;          // [U] the first of each utterance's rows of C, where the executor can write
  View<const std::int32_t, 1> frames;  // [U]
  View<const std::int32_t, 1> group;   // [U] 0 to G - 1
  View<const double, 2> mean, std;     // [G, C], std > 0
};
void normalise(Exec&, const NormaliseArgs&);
void normalise(CpuExec&, const NormaliseArgs&);
void normalise(GpuExec&, const NormaliseArgs&);

}  // namespace cutract
