#pragma once

#include <limits>

#include "kernels/frontend/mel.h"
#include "kernels/simt/simt.cuh"

namespace cutract {

// The logarithm, in the unit set by a, of the power under a filter.
__device__ inline float logarithm(const MelArgs& a, float x) {
  constexpr float kLeast = std::numeric_limits<float>::min();
  const float floor = static_cast<float>(a.floor);
  if (a.add_floor)
    x += floor;
  else if (x < floor)
    x = floor;
  if (x < kLeast) x = kLeast;
  if (a.log == LogUnit::ln) return logf(x);
  return a.log == LogUnit::db ? 10 * log10f(x) : log10f(x);
}

}  // namespace cutract
