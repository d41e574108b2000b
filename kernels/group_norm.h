#pragma once

#include <cmath>

#include "host/core/plant.h"
#include "host/core/view.h"
#include "host/device/exec.h"
#include "host/device/ragged.h"
#include "kernels/ragged_tiles.h"

namespace cutract {

// y = (x - mean) / sqrt(variance + eps) * w + b, with the mean and the biased variance over all frames and channels of
// each utterance: torch.nn.GroupNorm(1, C) of each utterance alone. Rows after the last utterance are not read, and are
// 0 in y.
struct GroupNormArgs {
  View<const float, 2> x;  // [N, C]
  Ragged ragged;
  View<const float, 1> w;  // [C]
  View<const float, 1> b;  // [C]
  View<float, 2> y;        // [N, C] may alias x if no backward follows
  View<float, 2> stats;    // [B, 3] the mean as a sum of two floats, and 1 / sqrt(variance + eps), for backward
  float eps = 1e-5f;
};
void group_norm(Exec&, const GroupNormArgs&);
void group_norm(CpuExec&, const GroupNormArgs&);
void group_norm(GpuExec&, const GroupNormArgs&);

// With n = (x - mean) / sqrt(variance + eps) and g = dy w: dx = (g - mean(g) - n mean(g n)) / sqrt(variance + eps),
// where the means are over an utterance; dw += column sums of dy n; db += column sums of dy. All sums are over tiles of
// rows, which are added in order in double.
struct GroupNormBackwardArgs {
  View<const float, 2> x;  // [N, C] as in forward
  Ragged ragged;
  View<const float, 1> w;      // [C]
  View<const float, 2> stats;  // [B, 3] of forward
  View<const float, 2> dy;     // [N, C]
  View<float, 2> dx;           // [N, C] may alias dy
  View<float, 1> dw;           // [C]
  View<float, 1> db;           // [C]
};
void group_norm_backward(Exec&, const GroupNormBackwardArgs&);
void group_norm_backward(CpuExec&, const GroupNormBackwardArgs&);
void group_norm_backward(GpuExec&, const GroupNormBackwardArgs&);

// The tiles that contribute to the statistics of an utterance, and the number of values in them.
struct GroupNormSpan {
  Index first, last;
  double values;
};
CUTRACT_HD inline GroupNormSpan group_norm_span(const RaggedTiles& tiles, Index utterance, Index C) {
  const Index first = tiles.first_tile(utterance), after = tiles.start(utterance + 1);
  if (CUTRACT_PLANTED("group_norm_over_the_batch"))
    return {0, tiles.count(), static_cast<double>(tiles.start(tiles.ragged.utterances) * C)};
  const bool last = CUTRACT_PLANTED("group_norm_counts_rows_behind") && utterance + 1 == tiles.ragged.utterances;
  const Index rows = (last ? tiles.ragged.frames : after) - tiles.start(utterance);
  return {first, first + tiles.tiles_of(utterance), static_cast<double>(rows * C)};
}

// Sums over values of x - pivot and (x - pivot)^2. The pivot is a value of the utterance, so that the variance does not
// cancel where the mean is far from 0.
struct GroupNormSums {
  double drift = 0, square = 0;

  CUTRACT_HD void add(double from_pivot) {
    drift += from_pivot;
    square += from_pivot * from_pivot;
  }
};
CUTRACT_HD inline float group_norm_pivot(View<const float, 2> x, Index start) {
  return CUTRACT_PLANTED("group_norm_over_the_batch") ? 0 : x.row(start)[0];
}

// The statistics of an utterance: the mean is mean + rest.
struct GroupNormStats {
  float mean, rest, scale;
};
CUTRACT_HD inline GroupNormStats group_norm_stats(View<const float, 2> stats, Index utterance) {
  const float* at = stats.row(utterance);
  return {at[0], at[1], at[2]};
}
CUTRACT_HD inline void set_group_norm_stats(const GroupNormSums& sums, double values, float pivot, float eps,
                                            float* stats) {
  const double drift = sums.drift / values, mean = static_cast<double>(pivot) + drift;
  const double variance = sums.square / values - drift * drift;
  stats[0] = static_cast<float>(mean);
  stats[1] = static_cast<float>(mean - static_cast<double>(stats[0]));
  // A comparison, because fmax would turn a NaN into 0.
  stats[2] = static_cast<float>(1 / std::sqrt((variance < 0 ? 0 : variance) + static_cast<double>(eps)));
}
CUTRACT_HD inline float group_norm_normal(float x, const GroupNormStats& s) { return (x - s.mean - s.rest) * s.scale; }

// The means over an utterance of g and of g n.
struct GroupNormMeans {
  float g, gn;
};
CUTRACT_HD inline GroupNormMeans group_norm_means(double sum_g, double sum_gn, double values) {
  if (CUTRACT_PLANTED("group_norm_without_mean_term")) sum_g = 0;
  return {static_cast<float>(sum_g / values), static_cast<float>(sum_gn / values)};
}
CUTRACT_HD inline float group_norm_slope(float g, float normal, const GroupNormMeans& means, float scale) {
  return (g - means.g - normal * means.gn) * scale;
}

}  // namespace cutract
