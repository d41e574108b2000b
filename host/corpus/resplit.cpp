#include <algorithm>
#include <filesystem>

#include "host/core/error.h"
#include "host/core/shell_quoted.h"
#include "host/core/text.h"
#include "host/corpus/folds.h"
#include "host/corpus/tsv.h"
#include "host/io/atomic_file.h"
#include "host/io/input_file.h"

namespace cutract {
namespace {

namespace fs = std::filesystem;

std::string absolute_path(const std::string& dir, const std::string& path) {
  return path.empty() ? "" : fs::absolute(fs::path(dir) / path).lexically_normal().string();
}

// The manifest with other splits and absolute paths. Columns that the user added stay as they are.
std::string manifest_with(const Corpus& corpus, const std::vector<std::string>& splits) {
  const std::string origin = corpus.dir + "/manifest.tsv";
  std::vector<std::string> problems;
  const TsvTable table = parse_tsv(read_regular_file(origin), origin, {}, {}, problems);
  if (!problems.empty() || table.rows.size() != splits.size())
    fail(Fault::io, origin + ": has changed since it was read; run the command again");
  std::string out;
  const auto add_line = [&out](const std::vector<std::string>& fields) {
    for (std::size_t i = 0; i < fields.size(); ++i) out += (i > 0 ? "\t" : "") + fields[i];
    out += "\n";
  };
  add_line(table.columns);
  for (std::size_t u = 0; u < table.rows.size(); ++u) {
    std::vector<std::string> fields = table.rows[u].fields;
    for (std::size_t i = 0; i < fields.size(); ++i) {
      const std::string& column = table.columns[i];
      if (column == "split") fields[i] = splits[u];
      if (column == "audio" || column == "articulation" || column == "features")
        fields[i] = absolute_path(corpus.dir, fields[i]);
    }
    add_line(fields);
  }
  return out;
}

}  // namespace

void write_with_splits(const Corpus& corpus, const std::vector<std::string>& splits, const std::string& out) {
  const std::string manifest = manifest_with(corpus, splits), toml = read_regular_file(corpus.dir + "/corpus.toml");
  const std::string manifest_path = out + "/manifest.tsv", toml_path = out + "/corpus.toml";
  if (fs::exists(toml_path) && fs::exists(manifest_path) && read_regular_file(toml_path) == toml &&
      read_regular_file(manifest_path) == manifest)
    return;
  if (fs::exists(out) && !(fs::is_directory(out) && fs::is_empty(out)))
    fail(Fault::io, out +
                        ": exists and is not this division of the corpus, expected a folder that is empty or does "
                        "not exist; choose another folder or remove it");
  make_folder(out);
  save_atomically(real_file_system(), manifest_path, manifest);
  save_atomically(real_file_system(), toml_path, toml);
}

}  // namespace cutract
