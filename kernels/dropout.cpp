#include "kernels/dropout.h"

namespace cutract {

void dropout(Exec& ex, const DropoutArgs& a) {
  expect_shape("dropout.y", a.y, a.x.shape);
  expect_ragged(ex, "dropout", a.ragged, a.x.shape[0]);
  expect_shape("dropout.step", a.step, {1});
  expect_shape("dropout.uid", a.uid, {a.ragged.utterances});
  std::visit([&](auto& on) { dropout(on, a); }, ex);
}

}  // namespace cutract
