#pragma once

#include "host/corpus/importers/import_options.h"

namespace cutract {

// clang-format off
inline constexpr ImportOption kTableOptions[] = {
    {"--audio", "DIR", "folder of the audio files, or a Kaldi wav.scp, in SRC (default SRC)"},
    {"--tracks", "DIR", "folder of the tables, in SRC (default SRC)"},
    {"--time", "NAME", "column with the time of each row (default time)"},
    {"--time-unit", "UNIT", "s or ms (default s)"},
    {"--time-from-first", "", "count times from the first row, not from the start of the audio"},
    {"--rate", "HZ", "rows per second; tables with times are interpolated to this rate"},
    {"--channels", "A,B,...", "columns to import (default all); for .npy and .npz the names of all columns"},
    {"--unit", "UNIT", "unit of the channels (default mm); also mm,jaw=deg"},
    {"--array", "NAME", "array of .npz files (default: the only one)"},
    {"--speaker", "NAME", "speaker of all recordings (default: see --utterances)"},
    {"--utterances", "FILE", "table with a column utterance and any of speaker, split, text, others (default "
                             "utterances.csv or .tsv in SRC; without it the speaker is the folder's name)"},
    {"--split", "SHARES", "shares of the splits (default train=0.8,val=0.1,test=0.1)"},
    {"--seed", "N", "random seed of the splits (default 1)"},
    {"--sample-rate", "HZ", "sample rate to which audio is resampled (default 16000)"},
    kAudioChannelOption,
    kFillGapsOption,
    {"--lowpass", "HZ", "cut-off of a zero-phase low-pass for all channels; 0: none (default 0)"},
    {"--name", "NAME", "name of the corpus (default: the name of SRC)"},
    {"--licence", "NAME", "licence of the data (default not stated)"},
};
// clang-format on

// Imports audio files with a table of movement for each: .csv, .tsv, .npy or .npz (docs/import-a-table.md).
ImportReport import_table(const ImportRequest&);

}  // namespace cutract
