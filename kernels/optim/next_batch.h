#pragma once

#include <cstdint>

#include "host/core/view.h"
#include "host/device/exec.h"
#include "kernels/optim/step_scalars.h"

namespace cutract {

// Copies the plan of batch number record.batches to where the ops of a step read it, so that the launches of one graph
// serve every batch of an epoch.
struct NextBatchArgs {
  View<const std::int32_t, 2> offsets, lengths;  // [S, B] for every batch of the epoch
  View<const std::uint32_t, 2> uids;             // [S, B]
  View<const StepRecord, 1> record;              // [1]
  View<std::int32_t, 1> offset, length;          // [b], b <= B
  View<std::uint32_t, 1> uid;                    // [b]
};
void next_batch(Exec&, const NextBatchArgs&);
void next_batch(CpuExec&, const NextBatchArgs&);
void next_batch(GpuExec&, const NextBatchArgs&);

CUTRACT_HD inline void next_batch_utterance(const NextBatchArgs& a, Index b) {
  const Index batch = CUTRACT_PLANTED("always_the_first_batch") ? 0 : a.record.data[0].batches;
  const Index from = batch * a.offsets.shape[1] + b;
  a.offset.data[b] = a.offsets.data[from];
  a.length.data[b] = a.lengths.data[from];
  a.uid.data[b] = a.uids.data[from];
}

}  // namespace cutract
