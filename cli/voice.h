#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/audio_inputs.h"
#include "cli/commands.h"
#include "features/dataset.h"
#include "features/extractor.h"
#include "features/unlike.h"
#include "train/checkpoint.h"

// Whose statistics predict uses, and what it says about them.
namespace cutract::cli {

class Voice {
 public:
  // Reads the file of --enrol. Error{usage} for a speaker whom the model does not know, naming those it does.
  Voice(const PredictArgs&, const TrainedModel&, const Extractor&);

  // With --one-speaker: measures all recordings first. Those that cannot be read are left for the prediction to report.
  void listen(Exec&, const AudioInputs&);
  void explain() const;  // once a call, on stderr

  // The statistics for one recording. Warns if it is unlike the training data.
  Normaliser features_for(Exec&, const AudioInput&, const Audio&, const Frames&) const;
  const Normaliser& targets() const { return targets_; }
  std::vector<std::pair<std::string, std::string>> about() const;

 private:
  bool adapts() const;  // features are normalised by what is heard
  void adapt(Normaliser&, const Heard&) const;

  const PredictArgs& args_;
  const TrainedModel& model_;
  const Extractor& extractor_;
  Normaliser targets_;
  std::optional<Heard> all_;
};

// Features of speakers whom training did not see are normalised by their own utterances; warns once if some of the
// split are unlike the training data. Returns the statistics to use.
Normaliser features_for_split(Exec&, const Dataset&, const TrainedModel&, const EvalArgs&, const std::string& split);

}  // namespace cutract::cli
