#include "kernels/attention/rope.h"

namespace cutract {

void rope(Exec& ex, const RopeArgs& a) {
  const auto [N, three, A, K] = a.qkv.shape;
  expect_shape("rope.qkv", a.qkv, {N, 3, A, K / 2 * 2});
  expect_ragged(ex, "rope", a.ragged, N);
  std::visit([&](auto& on) { rope(on, a); }, ex);
}

}  // namespace cutract
