#pragma once

#include <cstdint>

#include "host/core/exec.h"
#include "host/core/ragged.h"
#include "host/core/view.h"

namespace cutract {

// Packs a batch: the frames of some utterances of a corpus one after another, zeros behind the last.
struct GatherArgs {
  View<const float* const, 1> source;  // [U] the first of each utterance's rows, wherever the executor can read
  View<const std::uint32_t, 1> uid;    // [B] which of them; with as many rows as `ragged` says
  Ragged ragged;
  View<float, 2> out;  // [N, C]
};
void gather(Exec&, const GatherArgs&);
void gather(CpuExec&, const GatherArgs&);
void gather(GpuExec&, const GatherArgs&);

}  // namespace cutract
