#include "kernels/update.h"

namespace cutract {

void update(Exec& ex, const UpdateArgs& a) {
  expect_shape("update.lr", a.lr, {1});
  expect_shape("update.sums", a.sums, {2});
  expect_shape("update.record", a.record, {1});
  if (a.mirror.data) expect_shape("update.mirror", a.mirror, {1});
  expect_shape("update.scalars", a.scalars, {1});
  expect_ragged(ex, "update", a.ragged, a.ragged.frames);
  std::visit([&](auto& on) { update(on, a); }, ex);
}

void update(CpuExec&, const UpdateArgs& a) { update_record(a); }

}  // namespace cutract
