#pragma once

#include <span>

#include "host/core/view.h"

namespace cutract {

// Applies a Butterworth low-pass of `order` at `cutoff_hz` forward and backward to each column (zero phase), as
// second-order sections with the odd extension and initial states of scipy.signal.filtfilt(butter(order, cutoff,
// fs=rate)). A column that is not longer than SciPy's extension, which SciPy refuses to filter, is extended by as much
// as its length allows. In rows, each run of values between missing ones (host/core/missing.h) is filtered by itself.
void lowpass_zero_phase(View<float, 2> rows, double rate_hz, double cutoff_hz, int order);
void lowpass_zero_phase(std::span<double> column, double rate_hz, double cutoff_hz, int order);

}  // namespace cutract
