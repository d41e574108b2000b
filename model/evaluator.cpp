#include "model/evaluator.h"

#include <algorithm>

#include "features/dataset/batcher.h"
#include "model/objective.h"

namespace cutract {

std::vector<Matrix> run_model(Exec& ex, Network& network, std::span<const Example> examples, int batch_size) {
  const std::vector<std::int32_t> lengths = lengths_of(examples);
  std::vector<Matrix> out(examples.size());
  Batches batches(ex, examples, batch_size);
  batches.set(ex, ordered_batches(lengths, batch_size));
  for (Index i = 0; i < batches.size(); ++i) {
    const Batch batch = batches.load(ex, i);
    const float* y = network.forward(ex, batch.x, batch.ragged).data;
    for (const int u : batches.order(i)) {
      Matrix& m = out[static_cast<std::size_t>(u)] =
          Matrix(lengths[static_cast<std::size_t>(u)], network.spec().outputs);
      copy_to_host(ex, y, std::span(m.values));
      y += m.rows * m.cols;
    }
  }
  return out;
}

Evaluator::Evaluator(Exec& ex, const Dataset& data, int batch_size)
    : data_(data),
      batches_(ex, data.examples, batch_size),
      sums_(ex, data.examples.empty() ? 0 : std::ssize(data.examples) * data.examples[0].targets.cols),
      value_(ex, 1),
      parts_(ex, (std::ssize(data.examples) + batch_size - 1) / batch_size * Objective::kMost) {
  batches_.set(ex, ordered_batches(data.lengths(), batch_size));
}

Scores Evaluator::operator()(Exec& ex, Network& network, std::span<const Channel> channels, const std::string& split,
                             const RunConfig& config, const std::function<void()>& between) {
  const Index U = std::ssize(data_.examples), P = network.spec().outputs;
  const Objective& objective = config.trainer.loss;
  const Index terms = objective.count;
  for (Index i = 0; i < batches_.size(); ++i) {
    const Batch batch = batches_.load(ex, i);
    const auto y = network.forward(ex, batch.x, batch.ragged);
    score_sums(ex, {y, batch.target, batch.ragged, batch.uid, {sums_.data(), {U, P}}});
    loss(ex, {objective, y, batch.target, batch.ragged, {}, value_.view(), {parts_.data() + i * terms, {terms}}});
    if (between) between();
  }
  const std::vector<ScoreSums> sums = sums_.values(ex);
  std::vector<Scored> scored;
  for (Index i = 0; i < U; ++i) {
    const Example& e = data_.examples[static_cast<std::size_t>(i)];
    scored.push_back(
        {e.id, e.speaker, e.targets.rows, {sums.begin() + i * P, sums.begin() + (i + 1) * P}, e.unit_per_z});
  }
  std::vector<LossPart> parts = parts_.values(ex);
  parts.resize(static_cast<std::size_t>(batches_.size() * terms));
  return score(scored, channels, split, {objective_text(objective), objective_value(objective, parts)}, config.eval);
}

// The parts of the loss of one utterance. Predictions are in host memory.
static std::vector<LossPart> parts_of(const Objective& objective, View<const float, 2> predicted,
                                      View<const float, 2> target) {
  std::vector<LossPart> parts(static_cast<std::size_t>(objective.count));
  if (target.shape[0] == 0) return parts;
  const std::int32_t frames[] = {static_cast<std::int32_t>(target.shape[0])};
  const RaggedBatch one(frames);
  Exec ex = CpuExec(1);
  double value = 0;
  loss(ex, {objective, predicted, target, one.view(), {}, {&value, {1}}, {parts.data(), {objective.count}}});
  return parts;
}

Scores evaluate(const Dataset& data, std::span<const Matrix> predicted, std::span<const Channel> channels,
                const std::string& split, const RunConfig& config) {
  const Objective& objective = config.trainer.loss;
  std::vector<Scored> scored;
  std::vector<LossPart> parts;
  for (std::size_t i = 0; i < predicted.size(); ++i) {
    const Example& e = data.examples[i];
    scored.push_back({e.id, e.speaker, e.targets.rows, sums_of(predicted[i].view(), e.targets.view()), e.unit_per_z});
    const std::vector<LossPart> own = parts_of(objective, predicted[i].view(), e.targets.view());
    parts.insert(parts.end(), own.begin(), own.end());
  }
  return score(scored, channels, split, {objective_text(objective), objective_value(objective, parts)}, config.eval);
}

}  // namespace cutract
