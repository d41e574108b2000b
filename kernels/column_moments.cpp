#include "kernels/column_moments.h"

namespace cutract {

void column_moments(Exec& ex, const ColumnMomentsArgs& a) {
  const Index U = a.rows.shape[0], C = a.mean.shape[1];
  expect_shape("column_moments.frames", a.frames, {U});
  expect_shape("column_moments.mean", a.mean, {U, C});
  expect_shape("column_moments.square", a.square, {U, C});
  if (a.measured.data) expect_shape("column_moments.measured", a.measured, {U, C});
  std::visit([&](auto& on) { column_moments(on, a); }, ex);
}

}  // namespace cutract
