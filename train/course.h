#pragma once

#include <string>

#include "host/run/early_stopping.h"
#include "model/run_config.h"
#include "train/state.h"

namespace cutract {

// Progress of a training, and whether it is finished.
class Course {
 public:
  Course(const RunConfig&, int epochs);  // epochs: the maximum number

  // Continues from a checkpoint's state. The current settings decide whether the run is finished, so one that stopped
  // early or at its last epoch continues if they allow it.
  void resume(const TrainingState&);
  // Called after each validation.
  void add(double val_loss);

  bool finished() const { return !finished_.empty(); }
  const std::string& why() const { return finished_; }  // "" while training
  int resumed_from() const { return resumed_from_; }    // epoch; 0: started from scratch
  std::string how_to_train_longer() const;              // as the end of a sentence

  TrainingState state;

 private:
  void judge();
  EarlyStopping stopping_;
  int max_epochs_;
  std::string finished_;
  int resumed_from_ = 0;
};

}  // namespace cutract
