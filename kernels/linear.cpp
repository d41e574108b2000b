#include "kernels/linear.h"

namespace cutract {

void linear(Exec& ex, const LinearArgs& a) {
  const Index N = a.x.shape[0], I = a.x.shape[1], O = a.w.shape[0];
  expect_shape("linear.w", a.w, {O, I});
  expect_shape("linear.b", a.b, {O});
  expect_shape("linear.y", a.y, {N, O});
  std::visit([&](auto& on) { linear(on, a); }, ex);
}

void linear_backward(Exec& ex, const LinearBackwardArgs& a) {
  const Index N = a.x.shape[0], I = a.x.shape[1], O = a.w.shape[0];
  expect_shape("linear_backward.w", a.w, {O, I});
  expect_shape("linear_backward.dy", a.dy, {N, O});
  if (a.dx.data) expect_shape("linear_backward.dx", a.dx, {N, I});
  expect_shape("linear_backward.dw", a.dw, {O, I});
  expect_shape("linear_backward.db", a.db, {O});
  std::visit([&](auto& on) { linear_backward(on, a); }, ex);
}

}  // namespace cutract
