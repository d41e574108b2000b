#pragma once

#include <string>

#include "model/trained_model.h"

namespace cutract {

// Copies the weights of the model at `path` (a run, a checkpoint or a file) into a new one, to train it further on
// other data (fine-tuning). The output layer keeps its initial values unless both models have the same channels, which
// is logged. Statistics stay those of the new data. Throws Error{config}, which names the first tensor, if the blocks
// differ, and if the two compute different features.
void init_from(TrainedModel&, const std::string& path);

}  // namespace cutract
