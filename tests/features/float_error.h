#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "features/config.h"
#include "tests/oracle/mel.h"

// The rounding error of log-mels in float, compared with the double-precision oracle.
namespace cutract::test {

// The rounding error of an FFT is proportional to the whole frame, so it is larger in weak bins. Returns the largest
// |got - want| over exp((m - v) / 2), where v is the bin and m the largest bin of its frame, as natural logarithms of
// power (tests/golden/README.md). `ln` is one unit of got and want in natural logarithms.
inline double float_error(const std::vector<float>& got, const oracle::Rows& want, double ln) {
  double worst = 0;
  std::size_t i = 0;
  for (const auto& row : want) {
    const double most = *std::max_element(row.begin(), row.end());
    for (const double v : row) {
      const double d = ln * std::abs(got.at(i++) - v) / std::exp(ln * (most - v) / 2);
      if (!(d <= worst)) worst = d;  // keeps a NaN
    }
  }
  return got.size() == i ? worst : std::nan("");
}
// The distance in dB from the largest bin of a frame down to the first bin whose error exceeds `bound` in ln; 1000 if
// there is none.
inline double depth_within(double bound, const std::vector<float>& got, const oracle::Rows& want, double ln) {
  double depth = 1000;
  std::size_t i = 0;
  for (const auto& row : want) {
    const double most = *std::max_element(row.begin(), row.end());
    for (const double v : row)
      if (!(ln * std::abs(got.at(i++) - v) <= bound)) depth = std::min(depth, ln * (most - v) * 10 / std::log(10.0));
  }
  return depth;
}
inline double ln_of(const FeatureConfig& c) {
  return c.log == LogScale::ln ? 1
                               : std::log(10.0) * (c.log == LogScale::db        ? 0.1
                                                   : c.log == LogScale::whisper ? 4
                                                                                : 1);
}
#define EXPECT_FLOAT_ERROR(got, want, ln, bound) \
  EXPECT_TRUE(float_error(got, want, ln) <= (bound)) << "error " << float_error(got, want, ln) << ", bound " << (bound)

// Measured by RecordProperty of Batch.EveryPresetWithinTheBound, plus a margin for a GPU's logf and fused products.
constexpr double kFloatBound = 5e-6;

}  // namespace cutract::test
