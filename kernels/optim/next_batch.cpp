#include "kernels/optim/next_batch.h"

namespace cutract {

void next_batch(Exec& ex, const NextBatchArgs& a) {
  expect_shape("next_batch.lengths", a.lengths, a.offsets.shape);
  expect_shape("next_batch.uids", a.uids, a.offsets.shape);
  expect_shape("next_batch.record", a.record, {1});
  expect_shape("next_batch.length", a.length, a.offset.shape);
  expect_shape("next_batch.uid", a.uid, a.offset.shape);
  std::visit([&](auto& on) { next_batch(on, a); }, ex);
}

void next_batch(CpuExec&, const NextBatchArgs& a) {
  for (Index b = 0; b < a.offset.shape[0]; ++b) next_batch_utterance(a, b);
}

}  // namespace cutract
