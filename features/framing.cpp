#include "features/framing.h"

#include <algorithm>

#include "host/core/plant.h"

namespace cutract {
namespace {

bool centred(const FeatureConfig& c) {
  return c.framing == Framing::centre_zero || c.framing == Framing::centre_reflect;
}

}  // namespace

// A centred window is in the middle of the FFT's frame.
Index first_sample(const FeatureConfig& c) {
  if (c.framing == Framing::snip) return 0;
  if (c.framing == Framing::cover) return c.hop_samples / 2 - c.win_samples / 2;
  return (c.n_fft - c.win_samples) / 2 - c.n_fft / 2;
}

Index frame_count(const FeatureConfig& c, Index samples) {
  Index n = 0;
  if (c.framing == Framing::cover) {
    n = (samples + c.hop_samples / 2) / c.hop_samples;
  } else if (samples > 0 || c.framing == Framing::centre_zero) {
    const Index frame = centred(c) ? c.n_fft % 2 : c.win_samples;  // samples that the first frame needs
    n = samples < frame ? 0 : 1 + (samples - frame) / c.hop_samples;
  }
  return c.drop_last ? std::max<Index>(n - 1, 0) : n;
}

double first_centre_s(const FeatureConfig& c) {
  const double hop = c.hop_samples;
  const double centre = (centred(c)                   ? 0
                         : c.framing == Framing::snip ? c.win_samples / 2.0
                                                      : hop / 2) +
                        (CUTRACT_PLANTED("frame_centre_late") ? hop : 0);
  return centre / c.sample_rate;
}

bool same_frames(const FeatureConfig& a, const FeatureConfig& b) {
  if (a.framing == Framing::snip) return a.win_samples == b.win_samples;
  return !centred(a) || a.n_fft % 2 == b.n_fft % 2;
}

}  // namespace cutract
