#include "kernels/loss.h"

#include <string>

#include "host/core/error.h"

namespace cutract {

void loss(Exec& ex, const LossArgs& a) {
  expect_shape("loss.target", a.target, a.y.shape);
  expect_ragged(ex, "loss", a.ragged, a.y.shape[0]);
  if (a.dy.data) expect_shape("loss.dy", a.dy, a.y.shape);
  expect_shape("loss.value", a.value, {1});
  if (a.objective.count < 1 || a.objective.count > Objective::kMost)
    fail(Fault::internal,
         "loss: " + std::to_string(a.objective.count) + " terms, expected 1 to " + std::to_string(Objective::kMost));
  if (a.parts.data) expect_shape("loss.parts", a.parts, {a.objective.count});
  std::visit([&](auto& on) { loss(on, a); }, ex);
}

}  // namespace cutract
