#pragma once

#include <span>
#include <string>

#include "features/config.h"
#include "host/core/view.h"
#include "host/corpus/corpus.h"
#include "kernels/frontend/samples.h"
#include "kernels/starts.h"

namespace cutract {

// One column of a frame.
struct Column {
  std::string name;       // "mel_17"; its deltas are mel_17_d and mel_17_dd; of the next frame, mel_17@+1
  bool normalise = true;  // false: the model gets it as it is
  double per_db = 0;      // what a gain of 1 dB adds to it; 0 where that is not a constant
};

// What a config says about one stream: an entry of features.streams, with the settings of [features] as the defaults of
// its options.
struct StreamOptions {
  FeatureConfig features;
  std::string name;                 // what the names of its columns begin with
  bool normalise = true;            // of all its columns
  int columns = 0;                  // of the arrays of `file`; 0: those of the corpus
  double rate_hz = 0, first_s = 0;  // of the arrays of `file`: rate, and time of their first frame
};

// One utterance, in host memory.
struct Speech {
  Samples samples;                // at features.sample_rate
  const Track* states = nullptr;  // its features that were computed elsewhere, if a stream reads them
};

// What a stream computes from: several utterances, one after the other.
struct StreamInput {
  Samples samples;                     // of all of them, in the executor's memory
  Starts first_sample, first_frame;    // in the executor's memory; empty: a single utterance
  std::span<const Speech> utterances;  // as they were given
  std::span<const Index> frames;       // of each, in host memory
  double first_centre_s = 0, step_s = 0;
};

}  // namespace cutract
