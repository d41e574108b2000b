#include "train/evaluate.h"

#include <algorithm>
#include <set>

#include "host/core/log.h"
#include "host/corpus/batcher.h"
#include "train/batch.h"

namespace cutract {

void normalise(Dataset& data, const Normaliser& features, const Normaliser& targets) {
  std::set<std::string> unseen;
  for (auto& e : data.examples) {
    const bool known = features.knows(e.speaker) && targets.knows(e.speaker);
    if (!known && unseen.insert(e.speaker).second)
      log::info("speaker " + e.speaker +
                ": not in the training data; normalised with the statistics of the whole training set");
    features.apply(e.features.view(), e.speaker);
    e.unit_per_z = targets.apply(e.targets.view(), e.speaker);
  }
}

std::vector<Matrix> run_model(Exec& ex, Model& model, std::span<const Example> examples, int batch_size) {
  std::vector<std::int32_t> lengths;
  for (const auto& e : examples) lengths.push_back(static_cast<std::int32_t>(e.features.rows));
  std::vector<Matrix> out(examples.size());
  for (const auto& order : ordered_batches(lengths, batch_size)) {
    const Batch batch = make_batch(examples, order);
    const auto y = model.forward(ex, batch.x.view(), batch.ragged.view());
    Index row = 0;
    for (const int i : order) {
      Matrix& m = out[static_cast<std::size_t>(i)] = Matrix(lengths[static_cast<std::size_t>(i)], y.shape[1]);
      std::copy_n(y.row(row), m.rows * m.cols, m.values.data());
      row += m.rows;
    }
  }
  return out;
}

Scores evaluate(Exec& ex, Model& model, const Dataset& data, std::span<const Channel> channels,
                const std::string& split, const RunConfig& config) {
  return evaluate(data, run_model(ex, model, data.examples, config.trainer.batch_size), channels, split, config);
}

Scores evaluate(const Dataset& data, std::span<const Matrix> predicted, std::span<const Channel> channels,
                const std::string& split, const RunConfig& config) {
  std::vector<Scored> scored;
  for (std::size_t i = 0; i < predicted.size(); ++i) {
    const Example& e = data.examples[i];
    scored.push_back({e.id, e.speaker, predicted[i].view(), e.targets.view(), e.unit_per_z});
  }
  return score(scored, channels, split, config.trainer.loss, config.eval);
}

Matrix predict(Exec& ex, TrainedModel& m, Matrix features, const std::string& speaker) {
  if (features.rows == 0) return Matrix(0, m.model.shape().outputs);
  m.features.apply(features.view(), speaker);
  const std::int32_t length = static_cast<std::int32_t>(features.rows);
  const RaggedBatch ragged(std::span(&length, 1));
  const auto y = m.model.forward(ex, features.view(), ragged.view());
  Matrix out(y.shape[0], y.shape[1]);
  std::copy_n(y.data, y.size(), out.values.data());
  m.targets.invert(out.view(), speaker);
  return out;
}

}  // namespace cutract
