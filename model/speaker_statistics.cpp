#include "model/speaker_statistics.h"

namespace cutract {

std::vector<std::string> speakers_of(const TrainedModel& m) {
  std::vector<std::string> known = m.targets.speakers();
  if (known.empty()) known = m.features.speakers();
  std::erase_if(known, [&](const auto& s) { return !m.features.knows(s) || !m.targets.knows(s); });
  return known;
}

bool adapts_to_recording(const TrainedModel& m, const std::string& speaker) {
  return speaker.empty() && m.features.scope() != Scope::utterance;
}

void adapt(Normaliser& to, const Heard& heard, const FeatureConfig& c, const std::string& speaker) {
  to.adapt(speaker, heard.sounding, enough_frames(c), level_columns(c));
}

}  // namespace cutract
