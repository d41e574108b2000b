#include "host/corpus/importers.h"

#include <fmt/format.h>

#include "host/core/error.h"
#include "host/core/text.h"
#include "host/corpus/importers/ag501.h"
#include "host/corpus/importers/est.h"
#include "host/corpus/importers/feature_folder.h"
#include "host/corpus/importers/mview.h"
#include "host/corpus/importers/ssff.h"
#include "host/corpus/importers/stem_e2va.h"
#include "host/corpus/importers/table.h"
#include "host/corpus/importers/xrmb.h"

namespace cutract {
namespace {

constexpr Importer kImporters[] = {
    {"stem-e2va", "STEM-E2VA: pairs of ID.wav (or .flac) and ID.mat", "folder with the original corpus",
     "import-stem-e2va.md", "cutract corpus import stem-e2va STEM-E2VA --out corpora/stem", kStemOptions,
     import_stem_e2va},
    {"table", "audio files, each with a .csv, .tsv, .npy or .npz of its movement",
     "folder with audio files and, beside each, a table of the same name (or see --tracks)", "import-a-table.md",
     "cutract corpus import table my-lab --out corpora/my-lab", kTableOptions, import_table},
    {"est", "MNGU0 and other audio files with EST tracks (.ema)",
     "folder with audio files and, beside each, an EST track of the same name (or see --tracks)", "corpora.md",
     "cutract corpus import est mngu0 --audio wav --tracks ema --out corpora/mngu0", kEstOptions, import_est},
    {"mocha", "MOCHA-TIMIT: audio files with EMA tracks (.ema)",
     "folder with audio files and, beside each, an .ema file of the same name (or see --tracks)", "corpora.md",
     "cutract corpus import mocha mocha-timit --out corpora/mocha", kTextOptions, import_mocha},
    {"xrmb", "X-ray microbeam database: audio files with .txy files",
     "folder with audio files and, beside each, a .txy file of the same name (or see --tracks)", "corpora.md",
     "cutract corpus import xrmb xrmb --out corpora/xrmb", kTextOptions, import_xrmb},
    {"ag501", "recordings of a Carstens AG501 or AG500: audio files with .pos files",
     "folder with audio files and, beside each, a .pos file of the same name (or see --tracks)", "corpora.md",
     "cutract corpus import ag501 lab --sensor 5=tt --sensor 6=tm --out corpora/lab", kAg501Options, import_ag501},
    {"ssff", "EMU databases: audio files, each with one or more SSFF tracks",
     "folder with audio files and, beside each, SSFF files of the same name (or see --tracks)", "corpora.md",
     "cutract corpus import ssff my-db_emuDB --out corpora/my-db", kSsffOptions, import_ssff},
    {"mview", "Haskins rate comparison and other MVIEW files (.mat)", "folder with .mat files of audio and movement",
     "corpora.md", "cutract corpus import mview hprc --out corpora/hprc", kMviewOptions, import_mview},
    {"feature-folder", "mel spectrograms and parameters as .npy, with lists of utterances",
     "folder with splits/NAME/utterance_list.txt, audio_features and parameters", "import-feature-folder.md",
     "cutract corpus import feature-folder my-features --out corpora/my-features", kFeatureFolderOptions,
     import_feature_folder},
};

}  // namespace

std::span<const Importer> importers() { return kImporters; }

const Importer& importer_named(const std::string& name) {
  std::string known;
  for (const Importer& i : kImporters) {
    if (name == i.name) return i;
    known += (known.empty() ? "" : ", ") + std::string(i.name);
  }
  fail(Fault::usage, fmt::format("unknown corpus format \"{}\"; known: {}", shortened(name), known));
}

}  // namespace cutract
