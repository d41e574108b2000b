#pragma once

#include <string>

#include "model/trained_model.h"

namespace cutract {

// Copies the weights of the model at `path` (a run, a checkpoint or a file) into a new one, to train it further on
// other data (fine-tuning). The output layer keeps its initial values unless both models have the same channels, which
// is logged. Statistics stay those of the new data. Throws Error{config} if the features differ, or the blocks in
// more than their dropout.
void init_from(TrainedModel&, const std::string& path);

}  // namespace cutract
