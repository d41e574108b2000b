#pragma once

#include <cmath>

#include "host/core/philox.h"  // CUTRACT_HD
#include "host/core/plant.h"
#include "host/core/view.h"

namespace cutract {

// How the learning rate moves from update to update. A flat curve leaves it at the rate of the epoch.
enum class RateShape { flat, cosine, one_cycle };

// Two phases, with boundaries in updates: from `start` to the rate that the config gives, in `rise` updates, and then
// to `end`, which is reached after `total` updates and kept.
//   cosine     rises linearly (torch.optim.lr_scheduler.LinearLR), and falls as CosineAnnealingLR does
//   one_cycle  rises and falls along half a cosine, as OneCycleLR does (Smith and Topin 2018)
struct RateCurve {
  RateShape shape = RateShape::flat;
  double start = 0, end = 0;
  double rise = 0, total = 0;
};

// The rate of the update that follows `updates` earlier ones.
CUTRACT_HD inline double rate_at(const RateCurve& c, double lr, Index updates) {
  if (c.shape == RateShape::flat) return lr;
  constexpr double kPi = 3.14159265358979323846;
  const double k = static_cast<double>(updates);
  if (k < c.rise && !CUTRACT_PLANTED("no_warm_up")) {
    const double done = k / c.rise;
    if (c.shape == RateShape::cosine) return c.start + (lr - c.start) * done;
    return lr + (c.start - lr) * (1 + std::cos(kPi * done)) / 2;
  }
  if (k >= c.total) return c.end;
  return c.end + (lr - c.end) * (1 + std::cos(kPi * (k - c.rise) / (c.total - c.rise))) / 2;
}

}  // namespace cutract
