#include "kernels/layer_norm.h"

namespace cutract {

void layer_norm(Exec& ex, const LayerNormArgs& a) {
  const Index N = a.x.shape[0], C = a.x.shape[1];
  expect_shape("layer_norm.w", a.w, {C});
  expect_shape("layer_norm.b", a.b, {C});
  expect_shape("layer_norm.y", a.y, a.x.shape);
  expect_shape("layer_norm.stats", a.stats, {N, 2});
  std::visit([&](auto& on) { layer_norm(on, a); }, ex);
}

void layer_norm_backward(Exec& ex, const LayerNormBackwardArgs& a) {
  const Index N = a.x.shape[0], C = a.x.shape[1];
  expect_shape("layer_norm_backward.w", a.w, {C});
  expect_shape("layer_norm_backward.stats", a.stats, {N, 2});
  expect_shape("layer_norm_backward.dy", a.dy, a.x.shape);
  expect_shape("layer_norm_backward.dx", a.dx, a.x.shape);
  expect_shape("layer_norm_backward.dw", a.dw, {C});
  expect_shape("layer_norm_backward.db", a.db, {C});
  std::visit([&](auto& on) { layer_norm_backward(on, a); }, ex);
}

}  // namespace cutract
