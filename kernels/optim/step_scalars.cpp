#include "kernels/optim/step_scalars.h"

namespace cutract {

void step_scalars(Exec& ex, const StepScalarsArgs& a) {
  expect_shape("step_scalars.lr", a.lr, {1});
  expect_shape("step_scalars.sums", a.sums, {2});
  expect_shape("step_scalars.record", a.record, {1});
  if (a.mirror.data) expect_shape("step_scalars.mirror", a.mirror, {1});
  if (a.scalars.data) expect_shape("step_scalars.scalars", a.scalars, {1});
  if (a.sgd_scalars.data) expect_shape("step_scalars.sgd_scalars", a.sgd_scalars, {1});
  expect_ragged(ex, "step_scalars", a.ragged, a.ragged.frames);
  std::visit([&](auto& on) { step_scalars(on, a); }, ex);
}

void step_scalars(CpuExec&, const StepScalarsArgs& a) { judge_step(a); }

}  // namespace cutract
