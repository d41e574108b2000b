#pragma once

#include "host/corpus/importers/import_options.h"

namespace cutract {

// clang-format off
inline constexpr std::array kFeatureFolderOptions = {
    ImportOption{"--rate", "HZ", "rows per second of all arrays (default 100)"},
    ImportOption{"--channels", "A,B,...", "names of the columns of the parameters (default p1, p2, ...)"},
    ImportOption{"--unit", "UNIT", "unit of the parameters (default mm)"},
    ImportOption{"--audio", "DIR", "folder of the recordings, ID.wav or other, in SRC (default: none; silence takes their "
                                   "place)"},
    kAudioChannelOption,
    ImportOption{"--sample-rate", "HZ", "sample rate to which audio is resampled (default 16000)"},
    ImportOption{"--speaker", "NAME", "speaker of all utterances (default: the id up to its first _)"},
    kFillGapsOption,
    ImportOption{"--name", "NAME", "name of the corpus (default: the name of SRC)"},
    ImportOption{"--licence", "NAME", "licence of the data (default not stated)"},
};
// clang-format on

// Imports mel spectrograms and parameters of articulation that another program computed
// (docs/import-feature-folder.md): splits/NAME/utterance_list.txt, audio_features/mel_spectrogram/ID_mel.npy and
// parameters/geometric/ID_params.npy. The spectrograms become the features of the corpus, for the stream "file".
ImportReport import_feature_folder(const ImportRequest&);

}  // namespace cutract
