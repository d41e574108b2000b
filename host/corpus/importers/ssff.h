#pragma once

#include "host/corpus/importers/import_options.h"

namespace cutract {

// clang-format off
inline constexpr std::array kSsffOptions = joined(joined(kTrackOptions, std::array{
    ImportOption{"--endings", "A,B,...", "endings of the SSFF files to import, e.g. tt,tb,jaw (default: all SSFF files)"},
    ImportOption{"--unit", "UNIT", "unit of the files: mm, cm, um or 0.01mm (default mm)"},
}), kPairOptions);
// clang-format on

// Imports audio files with tracks in the Simple Signal File Format of EMU (docs/corpora.md). A recording may have
// several files, whose columns become the channels, in mm.
ImportReport import_ssff(const ImportRequest&);

}  // namespace cutract
