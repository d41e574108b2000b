#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "host/corpus/corpus.h"

namespace cutract {

// The facts about one utterance that the search for doubtful data needs, so that nothing else is kept in memory.
struct UtteranceFacts {
  struct Extremes {
    double mean = 0, std = 0;
    float lo = 0, hi = 0;
    double lo_s = 0, hi_s = 0;  // the times of lo and hi
    Index measured = 0;         // frames; without any, the other members are 0
  };
  std::string audio_hash, track_hash;  // hashes of the values
  double seconds = 0;
  double peak = 0;              // of the audio, 1 is full scale
  double clipped = 0;           // share of samples in flat tops
  double zeros = 0;             // share of samples in runs of exact zeros of 50 ms or more
  bool constant_audio = false;  // all samples are the same
  std::vector<Extremes> channels;
  Index values = 0;  // of the track: frames x channels
  GapCount missing = {};
};
UtteranceFacts facts_of(const Recording&, int sample_rate);

// Problems that training accepts but that spoil its result, one group of lines for each kind: the same audio, track or
// sentence in two splits, silent and clipped audio, channels that do not move, and outliers. `facts` are in the order
// of the utterances; bad utterances have none. `train_split` and `test_split` are the splits between which a repeated
// sentence leaks.
struct Doubt {
  std::string kind;                 // "the same audio in two splits"
  std::vector<std::string> places;  // "a (train) and b (test)"
  bool leaks = false;               // one recording is in two splits: scores would include learned data
};
std::vector<Doubt> doubts_about(const Corpus&, std::span<const std::optional<UtteranceFacts>> facts,
                                const std::string& train_split, const std::string& test_split);

}  // namespace cutract
