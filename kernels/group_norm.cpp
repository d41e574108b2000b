#include "kernels/group_norm.h"

namespace cutract {

void group_norm(Exec& ex, const GroupNormArgs& a) {
  const Index C = a.x.shape[1];
  expect_ragged(ex, "group_norm", a.ragged, a.x.shape[0]);
  expect_shape("group_norm.w", a.w, {C});
  expect_shape("group_norm.b", a.b, {C});
  expect_shape("group_norm.y", a.y, a.x.shape);
  expect_shape("group_norm.stats", a.stats, {a.ragged.utterances, 3});
  std::visit([&](auto& on) { group_norm(on, a); }, ex);
}

void group_norm_backward(Exec& ex, const GroupNormBackwardArgs& a) {
  const Index C = a.x.shape[1];
  expect_ragged(ex, "group_norm_backward", a.ragged, a.x.shape[0]);
  expect_shape("group_norm_backward.w", a.w, {C});
  expect_shape("group_norm_backward.stats", a.stats, {a.ragged.utterances, 3});
  expect_shape("group_norm_backward.dy", a.dy, a.x.shape);
  expect_shape("group_norm_backward.dx", a.dx, a.x.shape);
  expect_shape("group_norm_backward.dw", a.dw, {C});
  expect_shape("group_norm_backward.db", a.db, {C});
  std::visit([&](auto& on) { group_norm_backward(on, a); }, ex);
}

}  // namespace cutract
