#include "train/run_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <numeric>
#include <set>

#include "features/streams.h"
#include "host/core/missing.h"
#include "host/core/plant.h"
#include "host/core/text.h"
#include "model/objective.h"
#include "model/version.h"

namespace cutract {
namespace {

std::string features_text(const FeatureConfig& f) {
  return fmt::format("{} per {:g} ms frame ({} preset)", describe_streams(f), 1000.0 * f.hop_samples / f.sample_rate,
                     name_of(f.preset));
}

std::string optimizer_text(const OptimConfig& c) {
  if (c.name == OptimKind::sgd)
    return fmt::format("SGD with {}momentum {:g}", c.nesterov ? "Nesterov's " : "", c.momentum);
  return c.name == OptimKind::adam ? "Adam" : "AdamW";
}

std::string schedule_text(const RunConfig& c) {
  const ScheduleConfig& s = c.schedule;
  const std::string start = fmt::format("{}, learning rate {:g}", optimizer_text(c.optim), c.optim.lr);
  const std::string change = s.factor == 0.5 ? "halved" : fmt::format("multiplied by {:g}", s.factor);
  const std::string length = counted(s.length_epochs > 0 ? s.length_epochs : c.trainer.max_epochs, "epoch");
  switch (s.name) {
    case ScheduleKind::plateau:
      return fmt::format("{}, {} after {} without improvement", start, change, counted(s.patience + 1, "epoch"));
    case ScheduleKind::step:
      return fmt::format("{}, {} every {}", start, change, counted(s.step_epochs, "epoch"));
    case ScheduleKind::cosine:
      return fmt::format("{}, {:g} of {} of warm-up, then a cosine to {:g}", start, s.warmup_epochs, length, s.min_lr);
    case ScheduleKind::one_cycle:
      return fmt::format("{} at the peak of one cycle of {}", start, length);
    case ScheduleKind::constant:
      break;
  }
  return start;
}

// Over the measured targets; NaN if there are none.
double rmse(const Matrix& predicted, const Matrix& target) {
  double sum = 0, count = 0;
  for (std::size_t i = 0; i < target.values.size(); ++i) {
    if (is_missing(target.values[i])) continue;
    const double e = static_cast<double>(predicted.values[i]) - static_cast<double>(target.values[i]);
    sum += e * e;
    count += 1;
  }
  return std::sqrt(sum / count);
}

// The frame from which a prediction gets the position of channel c in units: `frame` itself if its target is measured,
// otherwise the first measured one; -1: there is none.
Index reference_frame(const Matrix& target, Index frame, Index c) {
  if (!is_missing(target.row(frame)[c])) return frame;
  for (Index t = 0; t < target.rows; ++t)
    if (!is_missing(target.row(t)[c])) return t;
  return -1;
}

// Converts a prediction (z) of one utterance to units by means of the measured values: adding the error to these is
// right for every scope of normalisation, whereas inverting the prediction would need the mean of the utterance. A
// channel without a measured value has no position, so its prediction is missing too.
Matrix in_units(const Matrix& predicted, const Matrix& measured, const Example& e) {
  Matrix out(measured.rows, measured.cols);
  for (Index c = 0; c < out.cols; ++c) {
    const double unit = CUTRACT_PLANTED("trace_in_z") ? 1 : e.unit_per_z[static_cast<std::size_t>(c)];
    for (Index t = 0; t < out.rows; ++t) {
      const Index from = reference_frame(e.targets, t, c);
      out.row(t)[c] = kMissing;
      if (from < 0) break;
      out.row(t)[c] = measured.row(from)[c];
      out.row(t)[c] += static_cast<float>((predicted.row(t)[c] - e.targets.row(from)[c]) * unit);
    }
  }
  return out;
}

// A block without dropout counts as one with dropout 0.
std::string regularisation_text(const TrainedModel& m) {
  std::string dropout;
  for (const BlockConfig& block : m.model.spec().stack) {
    const double p = std::visit(
        [](const auto& c) -> double {
          if constexpr (requires { c.dropout; }) return c.dropout;
          return 0;
        },
        block);
    dropout += fmt::format("{}{:g}", dropout.empty() ? "" : ", ", p);
  }
  return fmt::format("dropout {}, weight decay {:g}", dropout, m.config.optim.weight_decay);
}

}  // namespace

Report describe(const TrainedModel& m, const Exec& ex) {
  const RunConfig& c = m.config;
  Report r;
  r.facts = {
      {"model", fmt::format("{}, {} parameters", describe(m.model.spec().stack), thousands(m.model.size()))},
      {"corpus", m.corpus_name},
      {"features", features_text(c.features)},
      {"normalisation", fmt::format("features per {}, channels per {}", name_of(c.data.normalise_features),
                                    name_of(c.data.normalise_targets))},
      {"optimizer", schedule_text(c)},
      {"batch", fmt::format("{}; gradient norm clipped to {:g}", counted(c.trainer.batch_size, "utterance"),
                            c.trainer.gradient_clip_val)},
      {"regularisation", regularisation_text(m)},
      {"seed", std::to_string(c.trainer.seed)},
      {"device", cutract::describe(ex)},
      {"cutract", fmt::format("{} ({})", kVersion, std::string(kGitCommit).substr(0, 12))},
  };
  r.loss_name = objective_text(c.trainer.loss);
  r.channels = m.channels;
  return r;
}

Trace movement_of(const Example& e, const Matrix& measured, const Matrix& predicted, const Extractor& extractor) {
  return {.title = e.id,
          .first_s = extractor.first_centre_s(),
          .step_s = extractor.step_s(),
          .predicted = in_units(predicted, measured, e),
          .measured = measured,
          .id = e.id,
          .text = ""};
}

std::vector<Trace> telling_traces(const Dataset& data, std::span<const Matrix> measured,
                                  std::span<const Matrix> predicted, const Extractor& extractor) {
  std::vector<double> error;
  for (std::size_t i = 0; i < predicted.size(); ++i) error.push_back(rmse(predicted[i], data.examples[i].targets));
  std::vector<std::size_t> order(error.size());
  std::iota(order.begin(), order.end(), 0u);
  std::erase_if(order, [&](std::size_t i) { return std::isnan(error[i]); });
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return error[a] < error[b]; });
  std::vector<std::pair<std::size_t, const char*>> chosen;
  if (!order.empty()) chosen = {{order.front(), "the lowest"}};
  if (order.size() > 2) chosen.emplace_back(order[(order.size() - 1) / 2], "the median");
  if (order.size() > 1) chosen.emplace_back(order.back(), "the highest");
  std::vector<Trace> out;
  for (const auto& [i, which] : chosen) {
    const Example& e = data.examples[i];
    const std::string rank = order.size() > 1 ? fmt::format(", {} of {} utterances", which, order.size()) : "";
    out.push_back(movement_of(e, measured[i], predicted[i], extractor));
    out.back().title = fmt::format("{}, speaker {}: RMSE {:.3f} (z){}", e.id, e.speaker, error[i], rank);
  }
  return out;
}

void add_texts(std::vector<Trace>& traces, const Corpus& corpus) {
  for (Trace& t : traces)
    for (const Utterance& u : corpus.utterances)
      if (t.id == u.id) t.text = u.text;
}

std::string training_summary(int epochs, int most, double seconds, const std::string& status) {
  return fmt::format("{} of at most {}, {}: {}.", epochs, counted(most, "epoch"), duration_text(seconds), status);
}

void add_facts(Report& r, const TrainingData& data, const Training& t) {
  r.facts.push_back(
      {t.resumed_from > 0 ? fmt::format("resumed after epoch {}", t.resumed_from) : "started", clock_text(t.started)});
  r.facts.push_back({t.running ? "last update" : "ended", clock_text(std::time(nullptr))});
  for (const auto& [name, split] : {std::pair{"training data", &data.train}, {"validation data", &data.val}})
    r.facts.push_back({name, fmt::format("{}, {:.1f} min", counted(std::ssize(split->examples), "utterance"),
                                         minutes(split->frames(), t.step_s))});
}

std::string clock_text(std::time_t at) {
  std::tm local{};
  localtime_r(&at, &local);
  char text[64];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S %z", &local)};
}

Provenance provenance(const TrainedModel& m, const std::string& model, const Corpus& corpus, const Dataset& data) {
  Provenance p{model,
               m.checkpoint,
               m.epoch,
               corpus.name,
               m.config.trainer.seed,
               name_of(m.config.data.normalise_features),
               name_of(m.config.data.normalise_targets),
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
