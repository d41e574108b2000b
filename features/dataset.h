#pragma once

#include <functional>
#include <string>
#include <vector>

#include "features/extractor.h"
#include "host/corpus/corpus.h"

namespace cutract {

// One utterance ready to be normalised: features and targets at the same frame centre times.
struct Example {
  std::string id, speaker;
  Matrix features;                 // [T, F]
  Matrix targets;                  // [T, P] in the channels' units
  std::vector<double> unit_per_z;  // [P] once normalised: what one z of each target is worth
};

struct Skipped {
  std::string id, reason;
};

struct Dataset {
  std::vector<Example> examples;
  std::vector<Skipped> skipped;

  std::vector<std::int32_t> lengths() const;
  Index frames() const;
};

// Loads the utterances of one split in manifest order, several at a time on the executor's threads. A bad utterance is
// an Error{data}; all bad ones are named in one text (20 at most, then a count). With skip_bad they are listed instead.
// `loaded(done, of)` is called now and then, from this thread.
Dataset load_dataset(Exec&, const Corpus&, const std::string& split, const Extractor&, bool skip_bad,
                     const std::function<void(int done, int of)>& loaded = {});

}  // namespace cutract
