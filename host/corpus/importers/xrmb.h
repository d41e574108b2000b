#pragma once

#include "host/corpus/importers/import_options.h"

namespace cutract {

inline constexpr std::array kTextOptions = joined(kTrackOptions, kPairOptions);

// Imports audio files with .txy files of the Wisconsin X-ray microbeam database (docs/corpora.md): 16 channels in mm.
ImportReport import_xrmb(const ImportRequest&);

// Imports MOCHA-TIMIT: audio files with EST tracks or with tables of numbers (.ema): channels in mm.
ImportReport import_mocha(const ImportRequest&);

}  // namespace cutract
