#include "train/course.h"

#include "train/run_summary.h"

namespace cutract {

Course::Course(const RunConfig& c, int epochs)
    : stopping_(c.trainer.early_stopping_patience, c.trainer.min_delta), max_epochs_(epochs) {}

void Course::resume(const TrainingState& from) {
  state = from;
  for (const double loss : state.val_losses) stopping_.improved(loss);
  resumed_from_ = state.epoch;
  judge();
}

void Course::add(double val_loss) {
  ++state.epoch;
  stopping_.improved(val_loss);
  state.val_losses.push_back(val_loss);
  if (val_loss < state.best_val_loss) {
    state.best_val_loss = val_loss;
    state.best_epoch = state.epoch;
  }
  judge();
}

void Course::judge() {
  finished_.clear();
  if (!state.within && stopping_.should_stop())
    finished_ = stopping_.reason();
  else if (state.epoch >= max_epochs_)
    finished_ = "reached max_epochs";
}

std::string Course::how_to_train_longer() const {
  return cutract::how_to_train_longer(stopping_, state.epoch, max_epochs_);
}

}  // namespace cutract
