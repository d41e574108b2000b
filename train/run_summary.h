#pragma once

#include <span>
#include <string>
#include <vector>

#include "eval/report/history.h"
#include "host/run/early_stopping.h"
#include "host/run/progress.h"
#include "kernels/optim/step_scalars.h"
#include "train/trainer.h"
#include "train/training_data.h"

namespace cutract {

// Logs the engine of the LSTM and why it was chosen, and warns of settings that the CPU ignores.
void log_engines(const Exec&, const RunConfig&, std::span<const EngineOfSize>);
// Logs a finished epoch and shows it on the progress display.
void log_epoch(const EpochRecord&, double best_val_loss, int best_epoch, Progress&);
// Returns the content of metrics.json.
std::string metrics_json(const TrainResult&);

// Returns, as the end of a sentence, the settings to raise so that a finished run trains longer.
std::string how_to_train_longer(const EarlyStopping&, int epoch, int max_epochs);

// Warns of steps that were skipped because the loss or gradient was not finite. Throws Error{diverged} if there were
// trainer.max_nonfinite_steps in a row.
void expect_finite_steps(const StepRecord& done, const std::vector<std::vector<int>>& order, const Dataset&, int epoch,
                         const RunConfig&);

}  // namespace cutract
