#include "train/session.h"

#include <algorithm>

namespace cutract {

Session::Session(Exec& ex, const RunConfig& c, int batches)
    : config(c), corpus(open_corpus(c.data)), extractor(c.features), trial_batches(batches) {
  for (const std::string& split : {config.data.train_split, config.data.val_split}) (void)corpus.split(split);
  engines = choose_engines(ex, config);
}

void Session::load(Exec& ex, const std::function<void()>& loading) {
  data = load_training_data(ex, config, corpus, extractor, loading);
}

void Session::normalise(Exec& ex, const TrainedModel& m) {
  cutract::normalise(ex, data.train, m.features, m.targets);
  cutract::normalise(ex, data.val, m.features, m.targets);
  if (trial_batches == 0) return;
  const auto most = static_cast<std::size_t>(trial_batches) * static_cast<std::size_t>(config.trainer.batch_size);
  data.val.examples.resize(std::min(data.val.examples.size(), most));
}

std::vector<std::vector<int>> Session::order(int epochs_done, const std::string& order_key) const {
  return trial_batches > 0 ? first_batches(data.train, config, trial_batches)
                           : batches_of_epoch(data.train, config, epochs_done, order_key);
}

}  // namespace cutract
