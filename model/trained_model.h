#pragma once

#include <string>
#include <vector>

#include "features/dataset/normaliser.h"
#include "host/corpus/corpus.h"
#include "model/run_config.h"
#include "nn/model.h"

namespace cutract {

// Everything that is needed to turn speech into movement. model.safetensors holds exactly this: the parameters as
// tensors under PyTorch's names (so that load_state_dict(strict=True) accepts them), and the rest as metadata text.
struct TrainedModel {
  RunConfig config;
  Model model;
  Normaliser features, targets;
  std::vector<Channel> channels;
  std::string corpus_name;
  int epoch = 0;
  double val_loss = 0;
  std::string checkpoint = {};  // the folder or file that load_model read
};

// Returns the content of model.safetensors.
std::string encode_model(const TrainedModel&);
// Reads a model from a run folder, a checkpoint folder or a .safetensors file. Folders are checked against their
// MANIFEST. If a run's best checkpoint is damaged, the best intact one is read instead, with a warning. Throws
// Error{data} if the file is not a cutract model, is damaged, or uses features that this build would compute
// differently, Error{config} if its settings are unknown or contradict each other, and Error{io} if there is no such
// model or it cannot be read.
TrainedModel load_model(const std::string& path);
// Reads the content of model.safetensors; errors name `origin`.
TrainedModel decode_model(const std::string& bytes, const std::string& origin);

}  // namespace cutract
