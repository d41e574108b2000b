#pragma once

#include <string>

namespace cutract {

struct ImportReport {
  int done = 0, skipped = 0;
  double seconds = 0;  // of audio
};

// The STEM-E2VA folder (audio/ID.flac at 48 kHz, ema/ID.mat at 250 Hz with 7 sensors x 6 values, manifest.tsv with splits)
// to a corpus folder `out`: 14 midsagittal channels in mm, zero-phase 5th-order Butterworth low-pass at 20 Hz (SciPy's
// filtfilt convention), audio resampled by soxr. A failed import leaves no half corpus.toml behind.
ImportReport import_stem_e2va(const std::string& source, const std::string& out);

}  // namespace cutract
