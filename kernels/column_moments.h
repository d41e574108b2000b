#pragma once

#include <cstdint>

#include "host/core/missing.h"
#include "host/core/philox.h"  // CUTRACT_HD
#include "host/core/view.h"
#include "host/device/exec.h"

namespace cutract {

// The mean of each column of each utterance, and the sum of squared deviations from it. Both are computed in double and
// in two passes, so no digits are lost when the mean is large compared with the deviations. An utterance without frames
// gets zeros. With `measured`, missing values (host/core/missing.h) are left out and the others are counted; a column
// without any gets zeros. Without it, a column that holds NaN gets NaN.
struct ColumnMomentsArgs {
  View<const float* const, 1> rows;    // [U] first row, of C floats, of each utterance; in memory the executor can read
  View<const std::int32_t, 1> frames;  // [U]
  View<double, 2> mean, square;        // [U, C]
  View<Index, 2> measured = {};        // [U, C], or null
};
void column_moments(Exec&, const ColumnMomentsArgs&);
void column_moments(CpuExec&, const ColumnMomentsArgs&);
void column_moments(GpuExec&, const ColumnMomentsArgs&);

// Accumulates the deviations of one column from its computed mean. With exact arithmetic `drift`, the sum of the
// deviations, would be zero; it corrects for the rounding error of the mean.
struct Deviations {
  double drift = 0, square = 0;
  Index frames = 0;
  CUTRACT_HD void add(double deviation) {
    ++frames;
    drift += deviation;
    square += deviation * deviation;
  }
  CUTRACT_HD void add(const Deviations& other) {
    frames += other.frames;
    drift += other.drift;
    square += other.square;
  }
  CUTRACT_HD double about_the_mean() const {
    const double corrected = square - drift * drift / static_cast<double>(frames);
    return corrected < 0 ? 0 : corrected;  // NaN is kept
  }
};

}  // namespace cutract
