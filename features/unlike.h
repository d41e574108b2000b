#pragma once

#include <string>
#include <vector>

#include "features/config.h"
#include "features/dataset/normaliser.h"
#include "features/frames.h"
#include "host/device/exec.h"

namespace cutract {

// Measurements of a recording, before anything is normalised.
struct Heard {
  Index samples = 0;
  double peak = 0;    // largest magnitude; full scale is 1
  Index clipped = 0;  // samples where the signal stays at its largest or smallest value, or at full scale
  Index frames = 0;
  Normaliser::Moments sounding;  // of the frames that are not silent: whose log-mels are not all equal

  Index silent() const { return frames - sounding.frames; }
  void merge(const Heard&);  // adds the measurements of another recording
};
// Measures features that are not normalised yet. What measure_samples() reports is left 0.
Heard measure(Exec&, const Frames&, const FeatureConfig&);

// The normalised columns to which a gain adds a constant: the log-mels themselves, and the zeroth cepstral
// coefficients. A unit of level is what a gain adds to a log-mel, or without log-mels to the first of them.
std::vector<Normaliser::Level> level_columns(const FeatureConfig&);

// The number of frames in two seconds, which are enough to estimate the mean and deviation of a voice.
Index enough_frames(const FeatureConfig&);

// Returns one phrase for each respect in which a recording differs from the training data, e.g. "10 dB quieter than the
// training data"; none if it does not. `whose` are the statistics of the training data.
std::vector<std::string> unlike_training(const Heard&, const Normaliser::Stats& whose, const FeatureConfig&);

// How far the level of a recording is from that of the training, in units of level.
double level_beside_training(const Heard&, const Normaliser::Stats& whose, const FeatureConfig&);

// The same measurements as if a gain had lowered the level by `level` units. The samples' peak and clipping stay.
Heard lowered(const Heard&, double level, const FeatureConfig&);

}  // namespace cutract
