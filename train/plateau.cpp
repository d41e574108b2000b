#include "train/plateau.h"

#include <algorithm>

namespace cutract {

bool Plateau::check(double val_loss) {
  if (config_.name == ScheduleKind::constant) return false;
  constexpr double kThreshold = 1e-4;
  if (val_loss < state_.best * (1 - kThreshold)) {
    state_.best = val_loss, state_.bad = 0;
    return false;
  }
  if (++state_.bad <= config_.patience) return false;
  state_.bad = 0;
  const double before = state_.lr;
  state_.lr = std::min(before, std::max(state_.lr * config_.factor, config_.min_lr));
  return state_.lr < before;
}

}  // namespace cutract
