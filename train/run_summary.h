#pragma once

#include <string>
#include <vector>

#include "host/run/early_stopping.h"
#include "host/run/progress.h"
#include "train/history.h"
#include "train/trainer.h"
#include "train/training_data.h"

namespace cutract {

// A run's reports on itself, for people and for programs.

void log_engine(const Exec&, const RunConfig&, const LstmChoice&);
void log_epoch(const EpochRecord&, double best_val_loss, int best_epoch, Progress&);
std::string metrics_json(const TrainResult&);

// Which settings a run that is finished would have to raise to train longer.
std::string how_to_train_longer(const EarlyStopping&, int epoch, int max_epochs);

// Warns of steps whose loss or gradient was not finite, which changed nothing. Error{diverged} if there were
// trainer.max_nonfinite_steps in a row.
void expect_finite_steps(const StepRecord& done, const std::vector<std::vector<int>>& order, const Dataset&, int epoch,
                         const RunConfig&);

}  // namespace cutract
