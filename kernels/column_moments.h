#pragma once

#include <cstdint>

#include "host/core/exec.h"
#include "host/core/philox.h"  // CUTRACT_HD
#include "host/core/view.h"

namespace cutract {

// Mean, and sum of squared deviations from it, of each column of each utterance, in double and two passes: a mean that
// is large beside the deviations costs no digits. An utterance without frames gets zeros.
struct ColumnMomentsArgs {
  View<const float* const, 1> rows;    // [U] the first of each utterance's rows of C, where the executor can read
  View<const std::int32_t, 1> frames;  // [U]
  View<double, 2> mean, square;        // [U, C]
};
void column_moments(Exec&, const ColumnMomentsArgs&);
void column_moments(CpuExec&, const ColumnMomentsArgs&);
void column_moments(GpuExec&, const ColumnMomentsArgs&);

// While the frames of one column are added up about its mean. The drift, which exact sums would not have, takes out
// what rounding left in the mean.
struct Deviations {
  double drift = 0, square = 0;
  CUTRACT_HD void add(double deviation) { drift += deviation, square += deviation * deviation; }
  CUTRACT_HD double about_the_mean(Index frames) const {
    const double corrected = square - drift * drift / static_cast<double>(frames);
    return corrected < 0 ? 0 : corrected;  // NaN stays
  }
};

}  // namespace cutract
