#pragma once

#include <limits>

#include "model/run_config.h"

namespace cutract {

// torch.optim.lr_scheduler.ReduceLROnPlateau (mode min, relative threshold 1e-4): the rate is multiplied by `factor`
// when more than `patience` checks in a row brought no improvement.
class Plateau {
 public:
  Plateau(const ScheduleConfig& config, double lr)
      : factor_(config.factor), patience_(config.patience), min_lr_(config.min_lr), lr_(lr) {}

  double lr() const { return lr_; }
  bool check(double val_loss);  // call once per validation; returns whether the rate was reduced
  template <class F>
  void each_value(F&& value) {
    value("lr", lr_);
    value("best", best_);
    value("bad", bad_);
  }

 private:
  double factor_;
  int patience_;
  double min_lr_;
  double lr_, best_ = std::numeric_limits<double>::infinity();
  double bad_ = 0;  // checks in a row without improvement
};

}  // namespace cutract
