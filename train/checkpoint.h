#pragma once

#include <limits>
#include <string>
#include <vector>

#include "features/normaliser.h"
#include "host/corpus/corpus.h"
#include "host/run/checkpoints.h"
#include "train/config.h"
#include "train/model.h"
#include "train/optimizer.h"
#include "train/plateau.h"

namespace cutract {

// All that is needed to turn speech into movement. model.safetensors holds just this: the parameters under PyTorch's
// names as tensors (so torch's load_state_dict takes them strictly), the rest as metadata text.
struct TrainedModel {
  RunConfig config;
  Model model;
  Normaliser features, targets;
  std::vector<Channel> channels;
  std::string corpus_name, feature_hash;
  int epoch = 0;
  double val_loss = 0;
  std::string checkpoint = {};  // the folder or file that load_model read
};

std::string encode_model(const TrainedModel&);
// MODEL is a run folder, a checkpoint folder or a .safetensors file. Folders are checked against their MANIFEST. Where
// a run's best checkpoint is damaged, a warning says so and the best of the intact ones is read. Error{data} for a file
// that is not a cutract model, is damaged, or whose features this build would compute differently.
TrainedModel load_model(const std::string& path);
TrainedModel decode_model(const std::string& bytes, const std::string& origin);

// What training needs besides the model to go on as if it had never stopped: state.safetensors.
struct TrainingState {
  std::string config;        // resolved TOML
  std::string order_key;     // with seed and epoch it fixes the order of the batches
  std::string data;          // fingerprint of what training reads, see train/resume.h
  std::string origin;        // SHA-256 of the MANIFEST of another run's checkpoint that this run began from, or ""
  int epoch = 0;             // epochs done
  double epoch_seconds = 0;  // of the epoch that is not done yet, of which Optimizer::record says the batches
  int best_epoch = 0;        // whose validation loss is the smallest, whatever min_delta says
  double best_val_loss = std::numeric_limits<double>::infinity();
  Plateau::State plateau;
  std::vector<double> val_losses;  // of each epoch: early stopping is decided by replaying them
  bool within = false;             // saved inside an epoch
};
std::string encode_state(Exec&, const TrainingState&, const Optimizer&);
struct SavedState {
  TrainingState state;
  std::vector<float> m, v;
  StepRecord record;
  void restore(Exec&, Optimizer&, const std::string& origin) const;  // Error{data} if it is for another model
};
SavedState decode_state(const std::string& bytes, const std::string& origin);
// The same state as that of a run which began from another run's checkpoint: origin and best are those of `now`.
std::string adopted_state(const std::string& bytes, const TrainingState& now);

}  // namespace cutract
