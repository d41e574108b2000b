#include "kernels/glu.h"

namespace cutract {

void glu(Exec& ex, const GluArgs& a) {
  expect_shape("glu.x", a.x, {a.y.shape[0], 2 * a.y.shape[1]});
  std::visit([&](auto& on) { glu(on, a); }, ex);
}

void glu_backward(Exec& ex, const GluBackwardArgs& a) {
  expect_shape("glu_backward.x", a.x, {a.dy.shape[0], 2 * a.dy.shape[1]});
  expect_shape("glu_backward.dx", a.dx, a.x.shape);
  std::visit([&](auto& on) { glu_backward(on, a); }, ex);
}

}  // namespace cutract
