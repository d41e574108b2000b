#include "model/speaker_statistics.h"

#include <fmt/format.h>

#include <algorithm>

#include "host/core/error.h"

namespace cutract {

std::vector<std::string> speakers_of(const TrainedModel& m) {
  std::vector<std::string> known = m.targets.speakers();
  if (known.empty()) known = m.features.speakers();
  std::erase_if(known, [&](const auto& s) { return !m.features.knows(s) || !m.targets.knows(s); });
  return known;
}

void expect_known_speaker(const TrainedModel& m, const std::string& speaker, const std::string& setting) {
  if (speaker.empty()) return;
  constexpr std::size_t kNamed = 20;
  const std::vector<std::string> known = speakers_of(m);
  if (std::find(known.begin(), known.end(), speaker) != known.end()) return;
  if (known.empty())
    fail(Fault::usage,
         fmt::format("{0} {1}: this model has no statistics of single speakers; leave {0} out", setting, speaker));
  std::string names;
  for (std::size_t i = 0; i < std::min(known.size(), kNamed); ++i) names += (i > 0 ? ", " : "") + known[i];
  if (known.size() > kNamed) names += fmt::format(" and {} more", known.size() - kNamed);
  fail(Fault::usage,
       fmt::format("{0} {1}: not a speaker of this model's training data, which are {2}; leave {0} out for "
                   "anyone else",
                   setting, speaker, names));
}

bool adapts_to_recording(const TrainedModel& m, const std::string& speaker) {
  return speaker.empty() && m.features.scope() != Scope::utterance;
}

void adapt(Normaliser& to, const Heard& heard, const FeatureConfig& c, const std::string& speaker) {
  to.adapt(speaker, heard.sounding, enough_frames(c), level_columns(c));
}

}  // namespace cutract
