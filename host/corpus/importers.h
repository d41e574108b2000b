#pragma once

#include <string>

namespace cutract {

struct ImportReport {
  int done = 0, skipped = 0;
  double seconds = 0;  // of audio
};

// Imports the STEM-E2VA files (ID.wav or ID.flac at any rate, ID.mat at 250 Hz with 7 sensors x 6 values, in any
// folders below `source`; host/corpus/importers/stem_e2va_source.h) into a corpus folder `out`: 14 midsagittal channels
// in mm, zero-phase 5th-order Butterworth low-pass at 20 Hz (SciPy's filtfilt convention), audio resampled to 16 kHz by
// soxr and kept as 16-bit FLAC, from which the protocol computes its features. An utterance whose files are missing or
// bad is skipped with a warning. An earlier import's corpus at `out` is replaced in one step when the new one is
// complete, and a failed import leaves it; without one, a failed import leaves a folder that is not a corpus and that
// the next import may take over. A folder that holds anything else is refused with Error{io}.
ImportReport import_stem_e2va(const std::string& source, const std::string& out);

}  // namespace cutract
