#include "kernels/activation.h"

namespace cutract {

void activation(Exec& ex, const ActivationArgs& a) {
  expect_shape("activation.y", a.y, a.x.shape);
  std::visit([&](auto& on) { activation(on, a); }, ex);
}

void activation_backward(Exec& ex, const ActivationBackwardArgs& a) {
  expect_shape("activation_backward.dy", a.dy, a.x.shape);
  expect_shape("activation_backward.dx", a.dx, a.x.shape);
  std::visit([&](auto& on) { activation_backward(on, a); }, ex);
}

}  // namespace cutract
