#pragma once

#include <string>

#include "features/dataset/normaliser.h"
#include "model/trained_model.h"

namespace cutract::cli {

// Returns the model's statistics of the channels, with those of `speaker` taken from measured movement: an .npy file of
// frames, or a corpus folder with the recordings of one speaker. Throws Error{data} where the channels, or in a corpus
// their names and units, are not the model's, for a value that is not finite, and for fewer than two frames. Warns
// where the file seems to hold other units.
Normaliser enrolled(const TrainedModel&, const std::string& speaker, const std::string& path);

}  // namespace cutract::cli
