#pragma once

#include "host/corpus/importers/import_options.h"

namespace cutract {

inline constexpr std::array kStemOptions = {kFillGapsOption};

// Imports the STEM-E2VA files (ID.wav or ID.flac at any rate, ID.mat at 250 Hz with 7 sensors x 6 values, in any
// folders below the source; host/corpus/importers/stem_e2va_source.h): 14 midsagittal channels in mm, zero-phase
// 5th-order Butterworth low-pass at 20 Hz (SciPy's filtfilt convention), audio resampled to 16 kHz by soxr and kept as
// 16-bit FLAC, from which the protocol computes its features.
ImportReport import_stem_e2va(const ImportRequest&);

}  // namespace cutract
