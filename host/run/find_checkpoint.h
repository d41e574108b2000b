#pragma once

#include <string>
#include <vector>

#include "host/run/checkpoints.h"

namespace cutract {

// Returns the checkpoint folder that `model` refers to: a run folder (its best), a checkpoint folder, the file `last`
// or `best`, or a .safetensors file inside a checkpoint. Throws Error{io} if it is none of these.
std::string find_checkpoint(const std::string& model);

// Returns the checkpoint folders of a run folder or of its checkpoints folder, those with the lowest val_loss first;
// none if `model` names anything else, e.g. a single checkpoint.
std::vector<std::string> checkpoints_of_run(const std::string& model);

// Returns the checkpoint that find_checkpoint finds and its files; a lone .safetensors file is returned as
// model.safetensors. If a training deletes the checkpoint while it is being read, the one that its name refers to by
// then is read instead.
struct NamedCheckpoint {
  std::string path;
  Checkpoints::Files files;
};
NamedCheckpoint read_named_checkpoint(const std::string& model);

}  // namespace cutract
