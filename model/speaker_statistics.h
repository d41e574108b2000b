#pragma once

#include <string>
#include <vector>

#include "features/unlike.h"
#include "model/trained_model.h"

namespace cutract {

// Whose statistics a prediction uses.

// The training speakers with statistics of their own, sorted; empty if the model has none.
std::vector<std::string> speakers_of(const TrainedModel&);

// Throws Error{usage}, naming `setting` ("--speaker"), unless the speaker is "" or has statistics in the model.
void expect_known_speaker(const TrainedModel&, const std::string& speaker, const std::string& setting);

// Whether the features of a recording by `speaker` ("": unknown) are normalised by statistics of the recording itself
// unless the user chose those of the training data.
bool adapts_to_recording(const TrainedModel&, const std::string& speaker);

// Sets the statistics of a speaker to those that were heard.
void adapt(Normaliser&, const Heard&, const FeatureConfig&, const std::string& speaker);

}  // namespace cutract
