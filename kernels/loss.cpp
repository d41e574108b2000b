#include "kernels/loss.h"

namespace cutract {

void loss(Exec& ex, const LossArgs& a) {
  expect_shape("loss.target", a.target, a.y.shape);
  expect_ragged(ex, "loss", a.ragged, a.y.shape[0]);
  if (a.dy.data) expect_shape("loss.dy", a.dy, a.y.shape);
  expect_shape("loss.value", a.value, {1});
  std::visit([&](auto& on) { loss(on, a); }, ex);
}

}  // namespace cutract
