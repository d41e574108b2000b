#pragma once

#include "host/corpus/importers/import_options.h"

namespace cutract {

// clang-format off
inline constexpr std::array kEstOptions = joined(joined(kTrackOptions, std::array{
    ImportOption{"--unit", "UNIT", "unit of the files: mm, cm, um or 0.01mm (default: by the size of the values)"},
}), kPairOptions);
// clang-format on

// Imports audio files with EST_Track files (.ema), as MNGU0 and MOCHA-TIMIT have them (docs/corpora.md): channels in
// mm.
ImportReport import_est(const ImportRequest&);

}  // namespace cutract
