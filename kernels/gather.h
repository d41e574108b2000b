#pragma once

#include <cstdint>

#include "host/core/view.h"
#include "host/device/exec.h"
#include "host/device/ragged.h"

namespace cutract {

// Packs a batch: copies the frames of some utterances of a corpus one after another, and zeroes the rows after the
// last. `ragged` gives the number of rows of each utterance and their place in the batch.
struct GatherArgs {
  View<const float* const, 1> source;  // [U] first row of each utterance, in memory the executor can read
  View<const std::uint32_t, 1> uid;    // [B] index into source of each utterance of the batch
  Ragged ragged;
  View<float, 2> out;  // [N, C]
};
void gather(Exec&, const GatherArgs&);
void gather(CpuExec&, const GatherArgs&);
void gather(GpuExec&, const GatherArgs&);

}  // namespace cutract
