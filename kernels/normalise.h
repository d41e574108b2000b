#pragma once

#include <cstdint>

#include "host/core/view.h"
#include "host/device/exec.h"

namespace cutract {

// z = (x - mean) / std per column, in place; each utterance uses the statistics of its group, for example its speaker.
// Computed in double and rounded once, so every device gives the same bits.
struct NormaliseArgs {
  View<float* const, 1> rows;  // [U] first row, of C floats, of each utterance; in memory the executor can write
  View<const std::int32_t, 1> frames;  // [U]
  View<const std::int32_t, 1> group;   // [U] 0 to G - 1
  View<const double, 2> mean, std;     // [G, C], std > 0
};
void normalise(Exec&, const NormaliseArgs&);
void normalise(CpuExec&, const NormaliseArgs&);
void normalise(GpuExec&, const NormaliseArgs&);

}  // namespace cutract
