#pragma once

#include <span>
#include <string>

#include "host/core/view.h"

namespace cutract {

// Gaps of up to this long are filled unless --fill-gaps-ms says otherwise.
inline constexpr double kFilledGap_ms = 50;

struct GapCount {
  Index gaps = 0, values = 0;
  double longest_ms = 0;
};

// Fills missing values (NaN): a gap between values by the natural cubic spline through all values of its channel, a gap
// at either end by the nearest value. A gap of n rows lasts n / rate. Throws Error{data}, naming `path`, for a gap of
// more than `most_ms` and 1 % of a row, a channel without a value, and an infinite value.
GapCount fill_gaps(Matrix& track, std::span<const std::string> channels, double rate_hz, double most_ms,
                   const std::string& path);

}  // namespace cutract
