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

// The corpus of a config. Error{io}, which says what to set, if its folder has no corpus.toml.
Corpus open_corpus(const DataConfig&);

// The order of training in the epoch after `epochs_done`, see training_batches.
std::vector<std::vector<int>> batches_of_epoch(const Dataset&, const RunConfig&, int epochs_done,
                                               const std::string& order_key);
// Some of the longest batches, so that running out of memory is found in the first seconds.
std::vector<std::vector<int>> first_batches(const Dataset&, const RunConfig&, int count);

double minutes(Index frames, double step_s);

// Says what it found. `loading` is called now and then, and may throw. Error{data} if a split has no usable utterance.
TrainingData load_training_data(Exec&, const RunConfig&, const Corpus&, const Extractor&,
                                const std::function<void()>& loading);

}  // namespace cutract
