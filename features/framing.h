#pragma once

#include <string>

#include "features/config.h"
#include "host/core/view.h"

namespace cutract {

// Where the frames of a FeatureConfig are in the samples (features/config.h has the formulas).

Index frame_count(const FeatureConfig&, Index samples);
double first_centre_s(const FeatureConfig&);  // centre time of frame 0
Index first_sample(const FeatureConfig&);     // first sample under the window of frame 0; may be negative
bool same_frames(const FeatureConfig&,
                 const FeatureConfig&);  // whether two streams of one config have as many frames, at the same times

}  // namespace cutract
