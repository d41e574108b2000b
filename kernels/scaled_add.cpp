#include "kernels/scaled_add.h"

namespace cutract {

void scaled_add(Exec& ex, const ScaledAddArgs& a) {
  if (a.x.data) expect_shape("scaled_add.x", a.x, a.z.shape);
  expect_shape("scaled_add.y", a.y, a.z.shape);
  std::visit([&](auto& on) { scaled_add(on, a); }, ex);
}

}  // namespace cutract
