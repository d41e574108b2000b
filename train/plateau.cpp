#include "train/plateau.h"

#include <algorithm>

namespace cutract {

bool Plateau::check(double val_loss) {
  constexpr double kThreshold = 1e-4;
  if (val_loss < best_ * (1 - kThreshold)) {
    best_ = val_loss;
    bad_ = 0;
    return false;
  }
  bad_ += 1;
  if (bad_ <= patience_) return false;
  bad_ = 0;
  const double before = lr_;
  lr_ = std::min(before, std::max(lr_ * factor_, min_lr_));
  return lr_ < before;
}

}  // namespace cutract
