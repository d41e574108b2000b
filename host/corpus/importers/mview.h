#pragma once

#include "host/corpus/importers/import_options.h"

namespace cutract {

// clang-format off
inline constexpr std::array kMviewOptions = joined(std::array{
    ImportOption{"--tracks", "DIR", "folder of the .mat files, in SRC (default SRC)"},
    ImportOption{"--channels", "A,B,...", "channels to import, e.g. TT_x,TT_z (default all)"},
    ImportOption{"--axes", "AXES", "coordinates of each sensor, of x, y and z (default xz; xy for sensors with two)"},
    ImportOption{"--rate", "HZ", "frames per second of the corpus (default: those of the first recording)"},
    ImportOption{"--trim-ms", "N", "longest difference between the ends of audio and movement that is cut off, in ms "
                                   "(default 500)"},
    ImportOption{"--speaker-from", "WHAT", "source of the speaker: name, the file's name up to its first _, or folder, the "
                                           "first folder (default name)"},
}, kPairOptions);
// clang-format on

// Imports MATLAB files with a struct array as MVIEW and the Haskins rate comparison corpus have it (docs/corpora.md):
// audio and positions of sensors in mm, in one file.
ImportReport import_mview(const ImportRequest&);

}  // namespace cutract
