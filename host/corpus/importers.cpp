#include "host/corpus/importers.h"

#include <fmt/format.h>

#include "host/core/error.h"
#include "host/core/text.h"
#include "host/corpus/importers/est.h"
#include "host/corpus/importers/stem_e2va.h"
#include "host/corpus/importers/table.h"

namespace cutract {
namespace {

constexpr Importer kImporters[] = {
    {"stem-e2va",
     "STEM-E2VA: pairs of ID.wav (or .flac) and ID.mat",
     "folder with the original corpus",
     "import-stem-e2va.md",
     "cutract corpus import stem-e2va STEM-E2VA --out corpora/stem",
     {},
     import_stem_e2va},
    {"table", "audio files, each with a .csv, .tsv, .npy or .npz of its movement",
     "folder with audio files and, beside each, a table of the same name (or see --tracks)", "import-a-table.md",
     "cutract corpus import table my-lab --out corpora/my-lab", kTableOptions, import_table},
    {"est", "MNGU0 and other audio files with EST tracks (.ema)",
     "folder with audio files and, beside each, an EST track of the same name (or see --tracks)", "corpora.md",
     "cutract corpus import est mngu0 --out corpora/mngu0", kEstOptions, import_est},
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
