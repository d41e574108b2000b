#pragma once

#include "host/core/choices.h"
#include "host/core/philox.h"  // CUTRACT_HD
#include "host/core/view.h"
#include "host/device/exec.h"
#include "host/device/ragged.h"

namespace cutract {

enum class LossKind { mse, mae };
template <>
inline constexpr auto kNames<LossKind> = std::to_array<Named<LossKind>>({{LossKind::mse, "mse"},
                                                                         {LossKind::mae, "mae"}});

// The mean of (y - target)^2 or |y - target| over all elements of the utterances' frames, and its gradient. The
// gradient of |0| is 0, as in torch.nn.L1Loss. The gradient of the rows after the last utterance is 0 too.
struct LossArgs {
  LossKind kind = LossKind::mse;
  View<const float, 2> y, target;  // [N, P]
  Ragged ragged;
  View<float, 2> dy;      // [N, P], or null to skip the gradient
  View<double, 1> value;  // [1]
};
void loss(Exec&, const LossArgs&);
void loss(CpuExec&, const LossArgs&);
void loss(GpuExec&, const LossArgs&);

// The error of one element and its derivative, times `scale` = 1 / (N P).
struct LossPoint {
  double value;
  float gradient;
};
CUTRACT_HD inline LossPoint loss_point(LossKind kind, float y, float target, double scale) {
  const double e = static_cast<double>(y) - static_cast<double>(target);
  if (kind == LossKind::mse) return {e * e, static_cast<float>(2 * e * scale)};
  return {e < 0 ? -e : e, static_cast<float>(e > 0 ? scale : e < 0 ? -scale : 0.0)};
}

}  // namespace cutract
