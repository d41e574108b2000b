#pragma once

#include <string>
#include <variant>

#include "kernels/optim/learning_rate.h"
#include "model/run_config.h"
#include "train/plateau.h"

namespace cutract {

// torch.optim.lr_scheduler.StepLR: the rate is multiplied by `factor` every `step_epochs` epochs.
class StepDecay {
 public:
  StepDecay(const ScheduleConfig& config, double lr) : factor_(config.factor), every_(config.step_epochs), lr_(lr) {}
  double lr() const { return lr_; }
  bool check(double);  // whatever the loss
  template <class F>
  void each_value(F&& value) {
    value("lr", lr_);
    value("epochs", epochs_);
  }

 private:
  double factor_;
  int every_;
  double lr_, epochs_ = 0;
};

// A rate that moves with every update, or not at all. How long the curve is belongs to its state, so that a run which
// is continued with a larger trainer.max_epochs keeps the curve that it began with.
class Curve {
 public:
  Curve(double lr, const RateCurve& curve) : lr_(lr), curve_(curve) {}
  double lr() const { return lr_; }
  const RateCurve& curve() const { return curve_; }
  bool check(double) { return false; }
  template <class F>
  void each_value(F&& value) {
    value("lr", lr_);
    if (curve_.shape == RateShape::flat) return;
    value("rise", curve_.rise);
    value("total", curve_.total);
  }

 private:
  double lr_;
  RateCurve curve_;
};

// Throws Error{config} if the warm-up of a new run is as long as the whole curve.
void expect_warm_up_fits(const ScheduleConfig&, int max_epochs);

// The learning rate over a run.
class Schedule {
 public:
  Schedule(const ScheduleConfig&, double lr, Index steps_per_epoch, int max_epochs);

  double lr() const;                                                  // of this epoch, from which the curve moves
  RateCurve curve() const;                                            // for the device
  double rate(Index) const;                                           // of the update that follows this many
  Index length() const { return static_cast<Index>(curve().total); }  // of the curve in updates; 0: there is none
  bool check(double val_loss);  // call once after each epoch; returns whether the rate was reduced

  // What a checkpoint stores: text that only the schedule reads.
  std::string state() const;
  // Throws Error{data}, naming `origin`, if this schedule did not write the text.
  void restore(const std::string& state, const std::string& origin);

 private:
  std::variant<Curve, Plateau, StepDecay> kind_;
};

}  // namespace cutract
