#pragma once

#include "host/corpus/importers/import_options.h"

namespace cutract {

// clang-format off
inline constexpr std::array kAg501Options = joined(joined(kTrackOptions, std::array{
    ImportOption{"--sensor", "N=NAME", "a sensor to import: its channel, from 1, and its name; repeat it for each, or write "
                                       "5=tt,6=tm (default: all that were connected, as s1, s2, ...)", true},
    ImportOption{"--axes", "AXES", "coordinates of each sensor, of x, y and z (default xz: the midsagittal plane)"},
}), kPairOptions);
// clang-format on

// Imports audio files with position files of a Carstens AG500 or AG501 (.pos; docs/corpora.md): channels in mm.
ImportReport import_ag501(const ImportRequest&);

}  // namespace cutract
