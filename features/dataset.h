#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "features/extractor.h"
#include "features/frames.h"
#include "features/normaliser.h"
#include "host/corpus/corpus.h"

namespace cutract {

// One utterance ready to be normalised: features and targets at the same frame centre times.
struct Example {
  std::string id, speaker;
  Frames features;                 // [T, F], where the executor that loaded them computes
  Matrix targets;                  // [T, P] in the channels' units
  std::vector<double> unit_per_z;  // [P] once normalised: what one z of each target is worth
  std::string digest;              // of everything that training reads from it: speaker, decoded samples, track
};

std::vector<std::int32_t> lengths_of(std::span<const Example>);

struct Skipped {
  std::string id, reason;
};

struct Dataset {
  std::vector<Example> examples;
  std::vector<Skipped> skipped;

  std::vector<std::int32_t> lengths() const { return lengths_of(examples); }
  Index frames() const;
};

// One utterance as load_dataset loads it on the CPU, on the calling thread. Error{data} or Error{io} if it cannot be
// used. `read` is given the recording before it is resampled.
Example load_example(RecordingReader&, const Utterance&, const Extractor&,
                     const std::function<void(const Recording&)>& read = {});

// Loads the utterances of one split in manifest order, several at a time on the executor's threads. A bad utterance is
// an Error{data}; all bad ones are named in one text (20 at most, then a count). With skip_bad they are listed instead.
// `loaded(done, of)` is called now and then, from this thread. On a GPU features stay in its memory while they take no
// more than half of what was free; the others in pinned memory of the host, which it reads over the bus.
Dataset load_dataset(Exec&, const Corpus&, const std::string& split, const Extractor&, bool skip_bad,
                     const std::function<void(int done, int of)>& loaded = {});

// Statistics of features or targets of all examples; the features are where `ex` computes.
Normaliser fit_features(Exec& ex, Scope, Dataset&);
Normaliser fit_targets(Exec& ex, Scope, Dataset&);
// Features and targets of every example to z, in place. A speaker that training did not see is warned about once.
void normalise(Exec&, Dataset&, const Normaliser& features, const Normaliser& targets);

}  // namespace cutract
