#include "cli/voice.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "host/core/error.h"
#include "host/core/log.h"
#include "host/core/text.h"
#include "host/io/npy.h"

namespace cutract::cli {
namespace {

void check_speaker(const std::string& speaker, const TrainedModel& m) {
  if (speaker.empty()) return;
  constexpr std::size_t kNamed = 20;
  std::vector<std::string> known = m.targets.speakers();
  if (known.empty()) known = m.features.speakers();
  std::erase_if(known, [&](const auto& s) { return !m.features.knows(s) || !m.targets.knows(s); });
  if (std::find(known.begin(), known.end(), speaker) != known.end()) return;
  if (known.empty())
    fail(Fault::usage,
         fmt::format("--speaker {}: this model has no statistics of single speakers; leave --speaker out", speaker));
  std::string names;
  for (std::size_t i = 0; i < std::min(known.size(), kNamed); ++i) names += (i > 0 ? ", " : "") + known[i];
  if (known.size() > kNamed) names += fmt::format(" and {} more", known.size() - kNamed);
  fail(Fault::usage, fmt::format("--speaker {}: not a speaker of this model's training data, which are {}; leave "
                                 "--speaker out for anyone else",
                                 speaker, names));
}

std::string joined(const std::vector<std::string>& phrases) {
  std::string out;
  for (const std::string& p : phrases) out += (out.empty() ? "" : "; ") + p;
  return out;
}

Normaliser enrolled(Normaliser targets, const std::string& speaker, const std::string& path) {
  if (path.empty()) return targets;
  const Matrix measured = read_npy(path);
  if (measured.cols != targets.columns())
    fail(Fault::data, fmt::format("{}: has {}, but the model has {}; give one column per channel of the model", path,
                                  counted(measured.cols, "column"), counted(targets.columns(), "channel")));
  targets.enrol(speaker, measured.view(), path);
  return targets;
}

}  // namespace

Voice::Voice(const PredictArgs& a, const TrainedModel& m, const Extractor& extractor)
    : args_(a), model_(m), extractor_(extractor), targets_(m.targets) {
  check_speaker(a.speaker, m);
  targets_ = enrolled(m.targets, a.speaker, a.enrol);
}

bool Voice::adapts() const {
  return args_.speaker.empty() && args_.statistics == "audio" && model_.features.scope() != Scope::utterance;
}

void Voice::adapt(Normaliser& to, const Heard& heard) const {
  const FeatureConfig& c = extractor_.config();
  to.adapt(args_.speaker, heard.sounding, enough_frames(c), level_columns(c));
}

void Voice::listen(Exec& ex, const AudioInputs& inputs) {
  if (!args_.one_speaker || !adapts() || inputs.files.size() == 1) return;
  for (const AudioInput& input : inputs.files) {
    if (input.path == "-")
      fail(Fault::usage, "--one-speaker: reads every recording twice, and standard input can be read once; give files");
    try {
      const Audio audio = read_input(input, {.channel = model_.config.data.channel});
      const Frames features = extractor_.from_audio(ex, audio.samples, audio.sample_rate);
      const Heard heard = measure(ex, audio.samples, features, extractor_.config());
      if (all_)
        all_->merge(heard);
      else
        all_ = heard;
    } catch (const Error& e) {
      if (e.fault() != Fault::data && e.fault() != Fault::io) throw;  // reported when it is predicted
    }
  }
}

void Voice::explain() const {
  if (adapts())
    log::info(
        fmt::format("speaker unknown: features are normalised by the statistics of {}; --speaker NAME takes those "
                    "of a training speaker",
                    args_.one_speaker ? "all recordings of this call together"
                                      : "each recording itself (with --one-speaker: of all of them together)"));
  else if (args_.speaker.empty() && model_.features.scope() != Scope::utterance)
    log::info("speaker unknown: features are normalised by the statistics of the training data");
  if (args_.centre || !args_.enrol.empty()) return;
  if (model_.targets.scope() == Scope::utterance)
    log::info(
        "this model predicts only movement around each utterance's mean: values are placed around the mean of the "
        "training data; --centre places them around 0");
  else if (args_.speaker.empty())
    log::info(
        "positions are those of an average training speaker, not of this one; --centre gives movement around 0, "
        "--enrol FILE takes position and range from measured frames of this speaker");
}

Normaliser Voice::features_for(Exec& ex, const AudioInput& input, const Audio& audio, const Frames& features) const {
  const FeatureConfig& c = extractor_.config();
  const Heard heard = measure(ex, audio.samples, features, c);
  const std::vector<std::string> unlike = unlike_training(heard, model_.features.statistics(args_.speaker), c);
  if (!unlike.empty())
    log::warn(fmt::format("{}: unlike the training data: {}; predictions can be far off", input.name, joined(unlike)));
  Normaliser by = model_.features;
  if (!adapts()) return by;
  const Heard& whole = all_ ? *all_ : heard;
  adapt(by, whole);
  if (whole.sounding.frames < enough_frames(c))
    log::info(
        fmt::format("{}: {:.1f} s of sound are too short for statistics of their own; training statistics at this "
                    "level supply the rest of 2 s",
                    input.name, static_cast<double>(whole.sounding.frames) * extractor_.step_s()));
  return by;
}

std::vector<std::pair<std::string, std::string>> Voice::about() const {
  const std::string known = "speaker " + args_.speaker;
  const std::string features = model_.features.scope() == Scope::utterance ? "this recording"
                               : adapts()              ? (all_ ? "all recordings of the call" : "this recording")
                               : args_.speaker.empty() ? "training data"
                                                       : known;
  const bool own = !args_.speaker.empty() && model_.targets.scope() == Scope::speaker;
  const std::string targets = !args_.enrol.empty() ? args_.enrol : own ? known : "training data";
  return {{"feature_statistics", features},
          {"target_statistics", targets},
          {"values_are", args_.centre ? "movement around each channel's mean over the recording" : "positions"}};
}

Normaliser features_for_split(Exec& ex, const Dataset& data, const TrainedModel& m, const EvalArgs& a,
                              const std::string& split) {
  const FeatureConfig c = Extractor(m.config.features).config();
  std::map<std::string, Heard> unseen;
  std::map<std::string, int> utterances;
  int odd = 0;
  std::string first;
  for (const Example& e : data.examples) {
    const Heard heard = measure(ex, {}, e.features, c);
    const std::vector<std::string> unlike = unlike_training(heard, m.features.statistics(e.speaker), c);
    if (!unlike.empty() && odd++ == 0) first = e.id + ": " + joined(unlike);
    if (m.features.knows(e.speaker)) continue;
    if (utterances[e.speaker]++ == 0)
      unseen[e.speaker] = heard;
    else
      unseen[e.speaker].merge(heard);
  }
  if (odd > 0)
    log::warn(fmt::format("split {}: unlike the training data: {} of {}, e.g. {}", split, odd,
                          counted(std::ssize(data.examples), "utterance"), first));
  Normaliser by = m.features;
  if (a.statistics != "audio") return by;
  for (const auto& [speaker, heard] : unseen) {
    by.adapt(speaker, heard.sounding, enough_frames(c), level_columns(c));
    log::info(
        fmt::format("speaker {}: not in the training data; features are normalised by the statistics of its own {} "
                    "here (--feature-statistics training: by those of the training data)",
                    speaker, counted(utterances[speaker], "utterance")));
  }
  return by;
}

}  // namespace cutract::cli
