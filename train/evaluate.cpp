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

namespace {

Matrix output(Exec& ex, Network& network, const Batch& batch) {
  const auto y = network.forward(ex, batch.x(), batch.ragged());
  Matrix out(y.shape[0], y.shape[1]);
  copy_to_host(ex, y.data, std::span(out.values));
  return out;
}

}  // namespace

std::vector<Matrix> run_model(Exec& ex, Network& network, std::span<const Example> examples, int batch_size) {
  std::vector<std::int32_t> lengths;
  for (const auto& e : examples) lengths.push_back(static_cast<std::int32_t>(e.features.rows));
  std::vector<Matrix> out(examples.size());
  for (const auto& order : ordered_batches(lengths, batch_size)) {
    const Matrix y = output(ex, network, Batch(ex, examples, order));
    Index row = 0;
    for (const int i : order) {
      Matrix& m = out[static_cast<std::size_t>(i)] = Matrix(lengths[static_cast<std::size_t>(i)], y.cols);
      std::copy_n(y.row(row), m.rows * m.cols, m.values.data());
      row += m.rows;
    }
  }
  return out;
}

Scores evaluate(Exec& ex, Network& network, const Dataset& data, std::span<const Channel> channels,
                const std::string& split, const RunConfig& config) {
  return evaluate(data, run_model(ex, network, data.examples, config.trainer.batch_size), channels, split, config);
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

Matrix predict(Exec& ex, const TrainedModel& m, Network& network, Matrix features, const std::string& speaker) {
  if (features.rows == 0) return Matrix(0, m.model.shape().outputs);
  m.features.apply(features.view(), speaker);
  Example example;
  example.features = std::move(features);
  constexpr int kOnly = 0;
  Matrix out = output(ex, network, Batch(ex, std::span(&example, 1), std::span(&kOnly, 1)));
  m.targets.invert(out.view(), speaker);
  return out;
}

}  // namespace cutract
