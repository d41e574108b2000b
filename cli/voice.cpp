#include "cli/voice.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "cli/enrol.h"
#include "cli/recording.h"
#include "host/core/error.h"
#include "host/core/log.h"
#include "host/core/text.h"
#include "model/speaker_statistics.h"

namespace cutract::cli {
namespace {

std::string joined(const std::vector<std::string>& phrases) {
  std::string out;
  for (const std::string& p : phrases) out += (out.empty() ? "" : "; ") + p;
  return out;
}

}  // namespace

Voice::Voice(const PredictArgs& a, const TrainedModel& m, const Extractor& extractor)
    : args_(a), model_(m), extractor_(extractor), targets_(m.targets) {
  expect_known_speaker(m, a.speaker, "--speaker");
  if (!a.enrol.empty()) targets_ = enrolled(m, a.speaker, a.enrol);
}

bool Voice::adapts() const {
  return args_.statistics != FeatureStatistics::training && adapts_to_recording(model_, args_.speaker);
}

void Voice::listen(Exec& ex, const AudioInputs& inputs) {
  if (!args_.one_speaker || !adapts() || inputs.files.size() == 1) return;
  for (const AudioInput& input : inputs.files) {
    if (input.path == "-")
      fail(Fault::usage, "--one-speaker: reads every recording twice, and standard input can be read once; give files");
    try {
      const Heard heard = read_recording(ex, input, args_, model_, extractor_, nullptr).heard;
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
  const bool by_itself = model_.features.scope() == Scope::utterance;
  if (adapts())
    log::info(
        fmt::format("speaker unknown: features are normalised by the statistics of {}; --speaker NAME takes those "
                    "of a training speaker",
                    args_.one_speaker ? "all recordings of this call together"
                                      : "each recording itself (with --one-speaker: of all of them together)"));
  else if (args_.speaker.empty() && !by_itself)
    log::info("speaker unknown: features are normalised by the statistics of the training data");
  if (by_itself && (args_.one_speaker || args_.statistics == FeatureStatistics::training))
    log::warn(fmt::format("{}: has no effect, because this model normalises each recording by itself",
                          args_.one_speaker ? "--one-speaker" : "--feature-statistics training"));
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

// A level that the statistics make up for is named, but does not make the prediction doubtful.
void Voice::warn_if_unlike(const std::string& name, const Heard& heard) const {
  const FeatureConfig& c = extractor_.config();
  const Normaliser::Stats& training = model_.features.statistics(args_.speaker);
  std::vector<std::string> unlike = unlike_training(heard, training, c);
  if (unlike.empty()) return;
  if (heard.frames > 0 && heard.sounding.frames == 0) {
    log::warn(name + ": it is silent throughout, so its prediction means nothing");
    return;
  }
  if (adapts()) {
    const Heard levelled = lowered(heard, level_beside_training(all_ ? *all_ : heard, training, c), c);
    const std::vector<std::string> more = unlike_training(levelled, training, c);
    if (more.empty()) {
      log::warn(fmt::format("{}: unlike the training data: {}; the statistics of {} make up for it", name,
                            unlike.front(), all_ ? "the recordings" : "the recording itself"));
      return;
    }
  }
  log::warn(fmt::format("{}: unlike the training data: {}; predictions can be far off", name, joined(unlike)));
}

Normaliser Voice::features_for(const AudioInput& input, const Heard& heard) const {
  const FeatureConfig& c = extractor_.config();
  warn_if_unlike(input.name, heard);
  Normaliser by = model_.features;
  if (!adapts()) return by;
  const Heard& whole = all_ ? *all_ : heard;
  adapt(by, whole, c, args_.speaker);
  if (whole.sounding.frames > 0 && whole.sounding.frames < enough_frames(c))
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

namespace {

// Whether the training data had this speaker. A model with statistics of the whole corpus only does not know; then the
// corpus does, if it is the one of the training.
bool was_in_training(const std::string& speaker, const TrainedModel& m, const Corpus& corpus) {
  for (const Normaliser* n : {&m.features, &m.targets})
    if (n->scope() == Scope::speaker) return n->knows(speaker);
  if (corpus.name != m.corpus_name) return false;
  return std::any_of(corpus.utterances.begin(), corpus.utterances.end(),
                     [&](const Utterance& u) { return u.speaker == speaker && u.split == m.config.data.train_split; });
}

// Whose statistics normalise a speaker who was not in training, for people.
void explain_unseen(const std::string& speaker, int utterances, const TrainedModel& m, const EvalArgs& a) {
  const bool speaker_scope = m.features.scope() == Scope::speaker;
  const bool own = speaker_scope && a.statistics != FeatureStatistics::training;
  const std::string features =
      m.features.scope() == Scope::utterance ? "of each utterance"
      : own           ? fmt::format("of the speaker's {} here (--feature-statistics training: of the training data)",
                                    counted(utterances, "utterance"))
      : speaker_scope ? "of the training data"
                      : "of the training data, as in training (data.normalise_features = \"corpus\")";
  log::info(fmt::format(
      "speaker {}: not in the training data; features are normalised by the statistics {}; channels "
      "by those {}",
      speaker, features, m.targets.scope() == Scope::utterance ? "of each utterance" : "of all training speakers"));
}

}  // namespace

Normaliser features_for_split(Exec& ex, const Dataset& data, const TrainedModel& m, const EvalArgs& a,
                              const Corpus& corpus, const std::string& split) {
  const FeatureConfig c = Extractor(m.config.features).config();
  std::map<std::string, Heard> unseen;
  std::map<std::string, int> utterances;
  int odd = 0;
  std::string first;
  for (const Example& e : data.examples) {
    const Heard heard = measure(ex, e.features, c);
    const std::vector<std::string> unlike = unlike_training(heard, m.features.statistics(e.speaker), c);
    if (!unlike.empty() && odd++ == 0) first = e.id + ": " + joined(unlike);
    if (was_in_training(e.speaker, m, corpus)) continue;
    if (utterances[e.speaker]++ == 0)
      unseen[e.speaker] = heard;
    else
      unseen[e.speaker].merge(heard);
  }
  if (odd > 0)
    log::warn(fmt::format("split {}: unlike the training data: {} of {}, e.g. {}", split, odd,
                          counted(std::ssize(data.examples), "utterance"), first));
  Normaliser by = m.features;
  for (const auto& [speaker, heard] : unseen) {
    if (m.features.scope() == Scope::speaker && a.statistics != FeatureStatistics::training &&
        !m.features.knows(speaker))
      adapt(by, heard, c, speaker);
    explain_unseen(speaker, utterances[speaker], m, a);
  }
  return by;
}

}  // namespace cutract::cli
