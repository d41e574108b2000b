#pragma once

#include <cstdint>
#include <vector>

#include "features/config.h"
#include "host/core/view.h"

namespace cutract {

// The tables of a checked FeatureConfig, in the layout of kernels/frontend/mel.h and kernels/frontend/dct.h.

// Mel filters: filter m has the weights offset[m] .. offset[m + 1] - 1, for consecutive FFT bins from bin[m].
struct MelBank {
  std::vector<std::int32_t> bin, offset;  // [M], [M+1]
  std::vector<double> weight;             // [offset[M]]
};
MelBank mel_bank(const FeatureConfig&);

std::vector<double> window_table(const FeatureConfig&);  // [W]

std::vector<double> root_table(const FeatureConfig&);  // [n_fft, 2]: exp(-2 pi j i / n_fft)

std::vector<double> dct_table(const FeatureConfig&);  // [n_mfcc, n_mels]: orthonormal DCT-II with the lifter

}  // namespace cutract
