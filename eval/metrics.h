#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "host/core/view.h"
#include "host/corpus/corpus.h"
#include "kernels/score_sums.h"

namespace cutract {

// One utterance's prediction and the measured values, both normalised (z).
struct Scored {
  std::string id, speaker;
  Index frames = 0;
  std::vector<ScoreSums> sums;     // [P]
  std::vector<double> unit_per_z;  // [P] size of one z for this speaker, in the channel's unit
};
// Computes the sums of one utterance [T, P]. Throws Error{internal} on mismatching shapes.
std::vector<ScoreSums> sums_of(View<const float, 2> predicted, View<const float, 2> target);

// Scores are over measured targets (host/core/missing.h). Without any they are NaN, and Pearson has no value.
struct ChannelScore {
  std::string name, unit;
  double rmse = 0, mae = 0;       // z
  double rmse_units = 0;          // in `unit`
  std::optional<double> pearson;  // over all frames of the split; none: undefined, a side is constant
  Index missing = 0;              // frames that are not scored
};

struct SpeakerScore {
  std::string name;
  Index frames = 0, utterances = 0;
  double rmse = 0, mae = 0;
  std::optional<double> rmse_units;  // as Scores::rmse_units
  std::optional<double> pearson;     // per channel over the speaker's frames, averaged over channels
  Index missing = 0;                 // values that are not scored, of frames x channels
  std::vector<std::string> lacking;  // channels that are never measured
};

// The scores of one utterance, so that two models can be compared on the same utterances.
struct UtteranceScore {
  std::string id, speaker;
  Index frames = 0;
  double rmse = 0, mae = 0;          // NaN if nothing is measured
  std::optional<double> rmse_units;  // as Scores::rmse_units
  std::optional<double> pearson;     // per channel over the utterance, averaged over channels
  Index missing = 0;                 // as of SpeakerScore
};

struct Goal {
  std::string metric;           // "rmse", "pearson", "mae" or "loss", in this order
  std::optional<double> value;  // none: undefined, so not met
  double target = 0;
  bool met = false;  // pearson: value >= target, the others: value <= target
};

// Everything that `cutract eval` reports. Sums are computed in double, compensated, in the order of the utterances.
// Missing targets are left out of all of them. A Pearson that is undefined (fewer than two frames, a side that is
// constant or not finite) is counted and left out of every mean, and is never NaN.
struct Scores {
  std::string split, loss_name;
  Index frames = 0, utterances = 0;
  double frame_step_s = 0;                  // set by the caller, for the minutes in the table; 0: not known
  double loss = 0;                          // as given to score()
  double rmse = 0, mae = 0;                 // z, over all measured values
  std::optional<double> pearson;            // per channel over all frames of the split, averaged over channels
  std::optional<double> pearson_utterance;  // per utterance and channel, averaged
  std::optional<double> rmse_units;         // root mean square over the channels that share the most common unit
  std::string rmse_units_name;              // that unit
  double rmse_mean_predictor = 0;           // RMSE (z) of always predicting the training mean, z = 0
  double skill = 0;                         // 1 - (rmse / rmse_mean_predictor)^2; 0 if the targets are all 0
  int undefined_channels = 0;               // measured channels without a Pearson
  Index undefined_utterances = 0;           // pairs of utterance and measured channel without one
  std::vector<ChannelScore> channels;       // in the order of the corpus
  std::vector<SpeakerScore> speakers;       // by name
  std::vector<UtteranceScore> each;         // in the order of the utterances
  std::vector<Goal> goals;                  // those that are set
  Index missing = 0;                        // values that are not scored, of frames x channels
  Index missing_pairs = 0;                  // pairs of utterance and channel without a measured value

  Index values() const { return frames * static_cast<Index>(channels.size()); }
};

// The scores that a config aims for (eval.target_*); a target that is not set is not judged.
struct Goals {
  std::optional<double> rmse, pearson, mae, loss;
};

// The loss that a model was trained with, over what is scored, and its name.
struct ScoredLoss {
  std::string name;
  double value = 0;
};

// Throws Error{internal} on mismatching shapes, Error{data} if there is no frame or no measured value at all.
Scores score(std::span<const Scored>, std::span<const Channel>, const std::string& split, const ScoredLoss&,
             const Goals&);

// Returns a table for people, at most 80 columns wide; `colour` colours met / not met.
std::string scores_table(const Scores&, bool colour);
// What was scored: model, data and statistics. It is part of the JSON, so that a file of scores shows where it comes
// from.
struct Provenance {
  std::string model, checkpoint;  // as the user named it; the checkpoint folder or file that was read
  int epoch = 0;
  std::string corpus;
  std::int64_t seed = 0;
  std::string feature_statistics, target_statistics;     // utterance | speaker | corpus
  std::vector<std::string> speakers_without_statistics;  // scored with those of all training speakers
  std::string version;
};
// Returns one JSON object; undefined values are null. Without provenance its keys are left out.
std::string scores_json(const Scores&, const Provenance* = nullptr);
// Returns "1,204 of 97,045 target values are missing (1.2 %)", or "" if none is.
std::string missing_text(const Scores&);
// Returns which speakers lack which channels, "speaker B: tt_y, tt_z; speaker C: jaw", or "".
std::string lacking_text(const Scores&);
// Returns "12,345,678", the form of counts in the tables.
std::string thousands(Index);
// Returns "1 frame", "2,000 frames".
std::string thousands(Index n, const char* one, const char* many);
// The metrics at the top of every display of scores, in the order of Scores::goals.
struct Metric {
  std::string key, label;  // "rmse", "RMSE (z)"
  std::optional<double> value;
  int decimals = 3;
};
std::vector<Metric> headline_metrics(const Scores&);

}  // namespace cutract
