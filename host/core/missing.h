#pragma once

#include <cmath>
#include <limits>

#include "host/core/philox.h"  // CUTRACT_HD

namespace cutract {

// NaN marks a value of a target that was not measured. It stays in tracks, in targets and in normalised targets, so no
// second array says which values count: whatever sums over targets skips these values and counts the others.
inline constexpr float kMissing = std::numeric_limits<float>::quiet_NaN();
CUTRACT_HD inline bool is_missing(float target) { return std::isnan(target); }

// Interpolates between two values, weight 0 being `a` and 1 being `b`. The result is missing if a value that it depends
// on is; a weight this close to an end is meant to be the end.
inline float between(float a, float b, double weight) {
  constexpr double kRounding = 1e-6;
  if (is_missing(b) && weight <= kRounding) return a;
  if (is_missing(a) && weight >= 1 - kRounding) return b;
  return static_cast<float>((1 - weight) * static_cast<double>(a) + weight * static_cast<double>(b));
}

}  // namespace cutract
