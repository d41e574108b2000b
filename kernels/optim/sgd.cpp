#include "kernels/optim/sgd.h"

namespace cutract {

void sgd(Exec& ex, const SgdArgs& a) {
  expect_shape("sgd.g", a.g, a.p.shape);
  expect_shape("sgd.m", a.m, a.p.shape);
  expect_shape("sgd.scalars", a.scalars, {1});
  std::visit([&](auto& on) { sgd(on, a); }, ex);
}

}  // namespace cutract
