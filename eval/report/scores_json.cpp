#include <nlohmann/json.hpp>

#include "eval/metrics.h"

namespace cutract {
namespace {

using Json = nlohmann::ordered_json;

// Undefined values, and values that JSON has no number for, become null.
Json number(std::optional<double> v) { return v && std::isfinite(*v) ? Json(*v) : Json(nullptr); }

Json channels(const Scores& s) {
  Json out = Json::array();
  for (const ChannelScore& c : s.channels) {
    out.push_back({{"name", c.name},
                   {"unit", c.unit},
                   {"rmse", number(c.rmse)},
                   {"mae", number(c.mae)},
                   {"pearson", number(c.pearson)},
                   {"rmse_units", number(c.rmse_units)},
                   {"missing", c.missing}});
  }
  return out;
}

Json speakers(const Scores& s) {
  Json out = Json::array();
  for (const SpeakerScore& p : s.speakers) {
    out.push_back({{"name", p.name},
                   {"frames", p.frames},
                   {"utterances", p.utterances},
                   {"rmse", number(p.rmse)},
                   {"mae", number(p.mae)},
                   {"pearson", number(p.pearson)},
                   {"rmse_units", number(p.rmse_units)},
                   {"missing", p.missing},
                   {"not_measured", p.lacking}});
  }
  return out;
}

Json each_utterance(const Scores& s) {
  Json out = Json::array();
  for (const UtteranceScore& u : s.each) {
    out.push_back({{"id", u.id},
                   {"speaker", u.speaker},
                   {"frames", u.frames},
                   {"rmse", number(u.rmse)},
                   {"mae", number(u.mae)},
                   {"pearson", number(u.pearson)},
                   {"rmse_units", number(u.rmse_units)},
                   {"missing", u.missing}});
  }
  return out;
}

void add_provenance(Json& out, const Provenance& p) {
  out["model"] = p.model;
  out["checkpoint"] = p.checkpoint;
  out["epoch"] = p.epoch;
  out["corpus"] = p.corpus;
  out["seed"] = p.seed;
  out["statistics"] = {{"features", p.feature_statistics},
                       {"targets", p.target_statistics},
                       {"speakers_without_own", p.speakers_without_statistics}};
  out["cutract"] = p.version;
}

Json targets(const Scores& s) {
  Json out = Json::array();
  for (const Goal& t : s.goals) {
    out.push_back({{"metric", t.metric}, {"value", number(t.value)}, {"target", number(t.target)}, {"met", t.met}});
  }
  return out;
}

}  // namespace

std::string scores_json(const Scores& s, const Provenance* provenance) {
  Json out;
  if (provenance) add_provenance(out, *provenance);
  out["split"] = s.split;
  out["frames"] = s.frames;
  out["utterances"] = s.utterances;
  out["values"] = s.values() - s.missing;
  out["missing"] = s.missing;
  out["frame_step_s"] = s.frame_step_s > 0 ? number(s.frame_step_s) : Json(nullptr);
  out["loss_name"] = s.loss_name;
  out["loss"] = number(s.loss);
  out["rmse"] = number(s.rmse);
  out["mae"] = number(s.mae);
  out["pearson"] = number(s.pearson);
  out["pearson_utterance"] = number(s.pearson_utterance);
  out["rmse_units"] = number(s.rmse_units);
  out["unit"] = s.rmse_units_name;
  out["rmse_mean_predictor"] = number(s.rmse_mean_predictor);
  out["skill"] = number(s.skill);
  out["undefined_channels"] = s.undefined_channels;
  out["undefined_utterances"] = s.undefined_utterances;
  out["channels"] = channels(s);
  out["speakers"] = speakers(s);
  out["targets"] = targets(s);
  out["per_utterance"] = each_utterance(s);
  // Names come from the user's corpus and need not be UTF-8.
  return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace cutract
