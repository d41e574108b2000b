#pragma once

#include <limits>

#include "model/run_config.h"

namespace cutract {

// torch.optim.lr_scheduler.ReduceLROnPlateau (mode min, relative threshold 1e-4): the rate is multiplied by `factor`
// when more than `patience` checks in a row brought no improvement.
class Plateau {
 public:
  Plateau(ScheduleConfig config, double lr) : config_(std::move(config)), state_{lr} {}

  struct State {
    double lr = 0, best = std::numeric_limits<double>::infinity();
    int bad = 0;
  };
  double lr() const { return state_.lr; }
  bool check(double val_loss);  // call once per validation; returns whether the rate was reduced
  State state() const { return state_; }
  void restore(State s) { state_ = s; }

 private:
  ScheduleConfig config_;
  State state_;
};

}  // namespace cutract
