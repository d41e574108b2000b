#include "kernels/frontend/dct.h"

namespace cutract {

void dct(Exec& ex, const DctArgs& a) {
  const Index T = a.x.shape[0], M = a.x.shape[1], C = a.basis.shape[0];
  expect_shape("dct.basis", a.basis, {C, M});
  expect_shape("dct.y", a.y, {T, C});
  std::visit([&](auto& on) { dct(on, a); }, ex);
}

}  // namespace cutract
