#include "kernels/optim/adam.h"

namespace cutract {

void adam(Exec& ex, const AdamArgs& a) {
  expect_shape("adam.g", a.g, a.p.shape);
  expect_shape("adam.m", a.m, a.p.shape);
  expect_shape("adam.v", a.v, a.p.shape);
  expect_shape("adam.scalars", a.scalars, {1});
  std::visit([&](auto& on) { adam(on, a); }, ex);
}

}  // namespace cutract
