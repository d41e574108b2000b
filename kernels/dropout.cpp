#include "kernels/dropout.h"

namespace cutract {

void dropout(Exec& ex, const DropoutArgs& a) {
  const Index N = a.x.shape[0], frames = a.ragged.frames;
  expect_shape("dropout.y", a.y, a.x.shape);
  expect_shape("dropout.ragged.frames", &frames, &N, 1);
  expect_shape("dropout.uid", a.uid, {a.ragged.utterances});
  std::visit([&](auto& on) { dropout(on, a); }, ex);
}

}  // namespace cutract
