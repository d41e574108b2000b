#include "kernels/normalise.h"

namespace cutract {

void normalise(Exec& ex, const NormaliseArgs& a) {
  const Index U = a.rows.shape[0];
  expect_shape("normalise.frames", a.frames, {U});
  expect_shape("normalise.group", a.group, {U});
  expect_shape("normalise.std", a.std, a.mean.shape);
  std::visit([&](auto& on) { normalise(on, a); }, ex);
}

}  // namespace cutract
