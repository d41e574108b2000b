#pragma once

#include <functional>
#include <string>
#include <vector>

#include "features/dataset.h"
#include "features/normaliser.h"
#include "host/corpus/corpus.h"
#include "train/config.h"

namespace cutract {

// What a run learns from: the utterances of two splits, not yet normalised, and the statistics of the first.
struct TrainingData {
  Dataset train, val;
  std::vector<Skipped> skipped;  // of both
  Normaliser features, targets;
};

double minutes(Index frames, double step_s);

// Says what it found. `loading` is called now and then, and may throw. Error{data} if a split has no usable utterance.
TrainingData load_training_data(Exec&, const RunConfig&, const Corpus&, const Extractor&,
                                const std::function<void()>& loading);

}  // namespace cutract
