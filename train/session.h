#pragma once

#include <functional>
#include <string>
#include <vector>

#include "features/extractor.h"
#include "host/corpus/corpus.h"
#include "model/run_config.h"
#include "model/trained_model.h"
#include "train/training_data.h"

namespace cutract {

// What a training reads. It is opened, loaded and normalised in turn, and constant while training.
struct Session {
  const RunConfig& config;
  Corpus corpus;
  Extractor extractor;
  std::vector<EngineOfSize> engines;
  TrainingData data;
  int trial_batches;  // > 0: a trial of one epoch with this many batches of each split, longest first

  // Opens the corpus and refuses what can be refused before the data are loaded. The config must outlive the session.
  Session(Exec&, const RunConfig&, int trial_batches);
  // `loading` is called repeatedly and may throw to stop.
  void load(Exec&, const std::function<void()>& loading);
  // By the statistics of the model, which differ from those of the data if it was trained before.
  void normalise(Exec&, const TrainedModel&);

  ModelSpec spec() const { return model_spec(config.model, extractor.dim(), std::ssize(corpus.channels)); }
  int epochs() const { return trial_batches > 0 ? 1 : config.trainer.max_epochs; }
  // The batches of the epoch that follows `epochs_done`, in training order.
  std::vector<std::vector<int>> order(int epochs_done, const std::string& order_key) const;
};

}  // namespace cutract
