#pragma once

#include <span>
#include <string>

#include "host/core/view.h"

namespace cutract {

// Importers fill gaps of up to this long unless --fill-gaps-ms says otherwise.
inline constexpr double kFilledGap_ms = 50;

// Gaps are runs of missing values (host/core/missing.h) of one channel. A gap of n rows lasts n / rate.
struct GapCount {
  Index gaps = 0, values = 0;
  double longest_ms = 0;
  void add(const GapCount&);
};
GapCount gaps_in(const Matrix& track, double rate_hz);

// Fills the gaps that last at most `most_ms` and 1 % of a row, and returns what it filled: a gap between values by the
// natural cubic spline through all values of its channel, a gap at either end by the nearest value. Longer gaps, and
// channels without any value, stay as they are.
GapCount fill_gaps(Matrix& track, double rate_hz, double most_ms);

// Throws Error{data}, naming `path`, for an infinite value, and for a track without any measured value.
void expect_measurements(const Matrix& track, std::span<const std::string> channels, const std::string& path);

}  // namespace cutract
