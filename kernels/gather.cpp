#include "kernels/gather.h"

namespace cutract {

void gather(Exec& ex, const GatherArgs& a) {
  expect_ragged(ex, "gather", a.ragged, a.out.shape[0]);
  expect_shape("gather.uid", a.uid, {a.ragged.utterances});
  std::visit([&](auto& on) { gather(on, a); }, ex);
}

}  // namespace cutract
