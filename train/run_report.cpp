#include "train/run_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "host/core/plant.h"
#include "train/version.h"

namespace cutract {
namespace {

std::string features_text(const FeatureConfig& f) {
  return fmt::format("{} preset, {} {}, a frame every {:g} ms", f.preset, f.kind == "mfcc" ? f.n_mfcc : f.n_mels,
                     f.kind == "mfcc" ? "MFCCs" : "log-mels", 1000.0 * f.hop_samples / f.sample_rate);
}

std::string schedule_text(const RunConfig& c) {
  if (c.schedule.name == "constant") return fmt::format("{}, learning rate {:g}", c.optim.name, c.optim.lr);
  return fmt::format("{}, learning rate {:g}, times {:g} after more than {} epochs without progress", c.optim.name,
                     c.optim.lr, c.schedule.factor, c.schedule.patience);
}

double rmse(const Matrix& a, const Matrix& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.values.size(); ++i) {
    const double e = static_cast<double>(a.values[i]) - static_cast<double>(b.values[i]);
    sum += e * e;
  }
  return std::sqrt(sum / static_cast<double>(a.values.size()));
}

}  // namespace

Report describe(const TrainedModel& m, const Exec& ex) {
  const RunConfig& c = m.config;
  Report r;
  r.facts = {
      {"model",
       fmt::format("{} x {} Bi-LSTM, {} parameters", c.model.layers, c.model.hidden, thousands(m.model.size()))},
      {"corpus", m.corpus_name},
      {"features", features_text(c.features)},
      {"normalisation",
       fmt::format("features by {}, channels by {}", c.data.normalise_features, c.data.normalise_targets)},
      {"optimizer", schedule_text(c)},
      {"batch",
       fmt::format("{} utterances, gradient norm at most {:g}", c.trainer.batch_size, c.trainer.gradient_clip_val)},
      {"regularisation", fmt::format("dropout {:g}, weight decay {:g}", c.model.dropout, c.optim.weight_decay)},
      {"seed", std::to_string(c.trainer.seed)},
      {"device", cutract::describe(ex)},
      {"cutract", fmt::format("{} ({})", kVersion, std::string(kGitCommit).substr(0, 12))},
  };
  r.loss_name = c.trainer.loss;
  r.channels = m.channels;
  return r;
}

std::vector<Trace> telling_traces(const Dataset& data, std::span<const Matrix> measured,
                                  std::span<const Matrix> predicted, const Extractor& extractor) {
  std::vector<double> error;
  for (std::size_t i = 0; i < predicted.size(); ++i) error.push_back(rmse(predicted[i], data.examples[i].targets));
  std::vector<std::size_t> order(error.size());
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return error[a] < error[b]; });
  std::vector<std::pair<std::size_t, const char*>> chosen;
  if (!order.empty()) chosen = {{order.front(), "the lowest"}};
  if (order.size() > 2) chosen.emplace_back(order[(order.size() - 1) / 2], "the median");
  if (order.size() > 1) chosen.emplace_back(order.back(), "the highest");
  std::vector<Trace> out;
  for (const auto& [i, which] : chosen) {
    const Example& e = data.examples[i];
    Trace t{fmt::format("{}, speaker {}: RMSE {:.3f} (z), {} of {} utterances", e.id, e.speaker, error[i], which,
                        order.size()),
            extractor.first_centre_s(), extractor.step_s(), measured[i], measured[i]};
    // Measured plus error: right for every scope of normalisation, where inverting would need the utterance's own mean.
    for (Index p = 0; p < t.predicted.cols; ++p) {
      const double unit = CUTRACT_PLANTED("trace_in_z") ? 1 : e.unit_per_z[static_cast<std::size_t>(p)];
      for (Index n = 0; n < t.predicted.rows; ++n)
        t.predicted.row(n)[p] += static_cast<float>((predicted[i].row(n)[p] - e.targets.row(n)[p]) * unit);
    }
    out.push_back(std::move(t));
  }
  return out;
}

Provenance provenance(const TrainedModel& m, const std::string& model, const Corpus& corpus, const Dataset& data) {
  Provenance p{model,
               m.checkpoint,
               m.epoch,
               corpus.name,
               m.config.trainer.seed,
               m.config.data.normalise_features,
               m.config.data.normalise_targets,
               {},
               kVersion};
  std::set<std::string> unknown;
  for (const Example& e : data.examples)
    if (!m.features.knows(e.speaker) || !m.targets.knows(e.speaker)) unknown.insert(e.speaker);
  p.speakers_without_statistics.assign(unknown.begin(), unknown.end());
  return p;
}

std::string duration_text(double s) {
  return s < 90     ? fmt::format("{:.1f} s", s)
         : s < 5400 ? fmt::format("{:.1f} min", s / 60)
                    : fmt::format("{:.1f} h", s / 3600);
}

}  // namespace cutract
