#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "features/dataset/normaliser.h"
#include "features/extractor.h"
#include "features/frames.h"
#include "host/corpus/corpus.h"

namespace cutract {

// One utterance ready to be normalised: features and targets at the same frame centre times.
struct Example {
  std::string id, speaker;
  Frames features;                 // [T, F] in the memory of the executor that loaded them
  Matrix targets;                  // [T, P] in the channels' units
  std::vector<double> unit_per_z;  // [P] set by normalise: the channel's units per z of each target
  std::string digest;              // of all that training reads: speaker, samples, track, features computed elsewhere
};

// The number of frames of each example.
std::vector<std::int32_t> lengths_of(std::span<const Example>);

// An utterance that could not be used, and why.
struct Skipped {
  std::string id, reason;
};

struct Dataset {
  std::vector<Example> examples;
  std::vector<Skipped> skipped;
  GapCount filled = {};  // in the recordings of the examples

  std::vector<std::int32_t> lengths() const { return lengths_of(examples); }
  Index frames() const;
};

// Loads one utterance as load_dataset does on the CPU, on the calling thread. `read` is called with the recording
// before it is resampled. Throws Error{data} or Error{io} if the utterance cannot be used.
Example load_example(RecordingReader&, const Utterance&, const Extractor&,
                     const std::function<void(const Recording&)>& read = {});

// Loads the utterances of one split in manifest order, several at a time on the executor's threads. Throws one
// Error{data} that names all bad utterances (at most 20, then a count); with skip_bad they are listed in `skipped`
// instead, unless every utterance is bad. `loaded(done, of)` is called repeatedly, from this thread. On a GPU, features
// stay in its memory up to half of what was free; the others are in pinned host memory, which it reads over the bus.
Dataset load_dataset(Exec&, const Corpus&, const std::string& split, const Extractor&, bool skip_bad,
                     const std::function<void(int done, int of)>& loaded = {});

// Compute the statistics of the features or targets of all examples; the features are in the memory of `ex`. Throw as
// Normaliser::fit does. `columns` are those of the features, if their names and flags are known.
Normaliser fit_features(Exec& ex, Scope, Dataset&, std::span<const Column> columns = {});
Normaliser fit_targets(Exec& ex, Scope, Dataset&);
// Converts features and targets of every example to z, in place. Speakers without statistics are each reported once.
void normalise(Exec&, Dataset&, const Normaliser& features, const Normaliser& targets);

}  // namespace cutract
