#pragma once

#include <limits>
#include <string>
#include <vector>

#include "train/optimizer.h"

namespace cutract {

// What training needs, besides the model, to continue as if it had never stopped. Stored in state.safetensors.
struct TrainingState {
  std::string config;        // resolved TOML
  std::string order_key;     // determines the order of the batches, with seed and epoch
  std::string data;          // fingerprint of what training reads, see train/resume.h
  std::string origin;        // SHA-256 of the MANIFEST of the other run's checkpoint that this run began from, or ""
  int epoch = 0;             // epochs done
  double epoch_seconds = 0;  // spent on the unfinished epoch, whose batches Optimizer::record counts
  int best_epoch = 0;        // the one with the smallest validation loss, regardless of min_delta
  double best_val_loss = std::numeric_limits<double>::infinity();
  std::string schedule;            // what Schedule::state returned; "": the schedule has not begun
  std::vector<double> val_losses;  // of each epoch: early stopping is decided by replaying them
  bool within = false;             // saved inside an epoch
};
// Returns the content of state.safetensors.
std::string encode_state(Exec&, const TrainingState&, const Optimizer&);
// The content of state.safetensors, read.
struct SavedState {
  TrainingState state;
  std::vector<float> m, v;  // as in Optimizer
  StepRecord record;
  // Copies moments and record to the optimizer. Throws Error{data} if they belong to a model of a different size.
  void restore(Exec&, Optimizer&, const std::string& origin) const;
};
// Throws Error{data} if the state is damaged, and Error{io} if another version wrote it.
SavedState decode_state(const std::string& bytes, const std::string& origin);
// Returns the state `bytes` for a run that continues another run's checkpoint: with the origin and the best epoch of
// `now`.
std::string adopted_state(const std::string& bytes, const TrainingState& now);

}  // namespace cutract
