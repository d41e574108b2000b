#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/audio_inputs.h"
#include "cli/commands.h"
#include "features/dataset/dataset.h"
#include "features/extractor.h"
#include "features/unlike.h"
#include "model/trained_model.h"

// Chooses whose statistics predict uses, and explains the choice.
namespace cutract::cli {

class Voice {
 public:
  // Reads the file of --enrol. Throws Error{usage} for a speaker whom the model does not know, naming the known ones.
  Voice(const PredictArgs&, const TrainedModel&, const Extractor&);

  // With --one-speaker, measures all recordings first. Recordings that cannot be read are reported later, by the
  // prediction.
  void listen(Exec&, const AudioInputs&);
  void explain() const;  // printed once per command, on stderr

  // Returns the statistics for one recording of which `heard` was measured. Warns if it is unlike the training data.
  Normaliser features_for(const AudioInput&, const Heard&) const;
  const Normaliser& targets() const { return targets_; }
  std::vector<std::pair<std::string, std::string>> about() const;

 private:
  void warn_if_unlike(const std::string& name, const Heard&) const;
  bool adapts() const;  // whether features are normalised by the recordings themselves

  const PredictArgs& args_;
  const TrainedModel& model_;
  const Extractor& extractor_;
  Normaliser targets_;
  std::optional<Heard> all_;
};

// Returns the statistics that normalise the features of a split, and says which those of each speaker are who was not
// in training: if the model has statistics by speaker, those of the speaker's own utterances (--feature-statistics
// training: the training's); if it has statistics of the whole corpus, these, as in training. Warns once if some
// utterances are unlike the training data.
Normaliser features_for_split(Exec&, const Dataset&, const TrainedModel&, const EvalArgs&, const Corpus&,
                              const std::string& split);

}  // namespace cutract::cli
