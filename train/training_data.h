#pragma once

#include <functional>
#include <string>
#include <vector>

#include "features/dataset/dataset.h"
#include "features/dataset/normaliser.h"
#include "host/corpus/corpus.h"
#include "model/run_config.h"

namespace cutract {

// The data of a run: the utterances of the training and validation splits, not yet normalised, and statistics.
struct TrainingData {
  Dataset train, val;
  std::vector<Skipped> skipped;  // of both splits
  Normaliser features, targets;  // fitted on the training split
};

// Returns the config with what its features leave to its corpus (features/dataset/corpus_features.h).
RunConfig with_files_of_corpus(RunConfig);

// Opens the corpus of a config. Throws Error{io}, which says what to set, if its folder has no corpus.toml.
Corpus open_corpus(const DataConfig&);

// Returns the batches of the epoch that follows `epochs_done`, in training order; see training_batches.
std::vector<std::vector<int>> batches_of_epoch(const Dataset&, const RunConfig&, int epochs_done,
                                               const std::string& order_key);
// Returns the `count` longest batches, for a trial run that finds out within seconds whether memory suffices.
std::vector<std::vector<int>> first_batches(const Dataset&, const RunConfig&, int count);

// The duration of frames that are `step_s` seconds apart.
double minutes(Index frames, double step_s);

// Loads both splits, fits the statistics, and logs what was found. `loading` is called repeatedly meanwhile and may
// throw to stop. Throws Error{data} if a split has no usable utterances.
TrainingData load_training_data(Exec&, const RunConfig&, const Corpus&, const Extractor&,
                                const std::function<void()>& loading);

}  // namespace cutract
