#include "host/run/checkpoint_folder.h"

#include <fmt/format.h>

#include <cerrno>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "host/core/error.h"
#include "host/core/log.h"
#include "host/core/text.h"

namespace cutract {

void io_failed(const std::string& path, const char* doing) {
  fail(Fault::io, fmt::format("{}: {}: {}", path, doing, std::strerror(errno)));
}

std::optional<std::string> read_if_there(FileSystem& fs, const std::string& path) {
  std::string bytes;
  if (fs.read(path, bytes) == 0) return bytes;
  if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
  io_failed(path, "cannot read");
}

std::vector<std::string> names_in(FileSystem& fs, const std::string& folder) {
  std::vector<std::string> names;
  if (fs.list(folder, names) < 0) io_failed(folder, "cannot list the folder");
  return names;
}

bool is_folder(FileSystem& fs, const std::string& path) {
  std::vector<std::string> ignored;
  if (fs.list(path, ignored) == 0) return true;
  if (errno == ENOENT || errno == ENOTDIR) return false;
  io_failed(path, "cannot list the folder");
}

std::string pointed_at(const std::string& text) {
  const std::string name = text.substr(0, text.find('\n'));
  const bool known = name.starts_with(kPrefix) || name.starts_with(kWithinPrefix);
  return known && name.find('/') == std::string::npos && text == name + "\n" ? name : "";
}

// NaN ranks last.
static double rank(double val_loss) {
  return std::isnan(val_loss) ? std::numeric_limits<double>::infinity() : val_loss;
}

bool ranks_before(const Ranked& a, const Ranked& b) {
  return std::pair{rank(a.val_loss), a.epoch} < std::pair{rank(b.val_loss), b.epoch};
}

CheckpointManifest read_manifest(FileSystem& fs, const std::string& folder) {
  const std::string path = folder + "/" + kManifest;
  const auto text = read_if_there(fs, path);
  if (!text) fail(Fault::io, folder + ": is not a checkpoint: it has no MANIFEST");
  return parse_manifest(*text, path);
}

Checkpoints::Files read_files(FileSystem& fs, const std::string& folder, const CheckpointManifest& manifest) {
  Checkpoints::Files files;
  for (const auto& [name, want] : manifest.files) {
    const std::string path = folder + "/" + name;
    auto bytes = read_if_there(fs, path);
    if (!bytes) fail(Fault::data, path + ": is missing from the checkpoint");
    if (bytes->size() != want.size)
      fail(Fault::data, fmt::format("{}: has {}, MANIFEST says {}; the checkpoint is damaged", path,
                                    counted(std::ssize(*bytes), "byte"), want.size));
    if (manifest_of(0, 0, {{name, *bytes}}).files.at(name).sha256 != want.sha256)
      fail(Fault::data, path + ": its SHA-256 is not the one in MANIFEST; the checkpoint is damaged");
    files.emplace(name, std::move(*bytes));
  }
  return files;
}

std::vector<Ranked> entries_of(FileSystem& fs, const std::string& folder, std::string_view prefix) {
  std::vector<Ranked> found;
  for (const auto& name : names_in(fs, folder)) {
    if (!name.starts_with(prefix)) continue;
    const std::string manifest = folder + "/" + name + "/" + kManifest;
    const auto text = read_if_there(fs, manifest);
    if (!text) continue;
    try {
      const CheckpointManifest m = parse_manifest(*text, manifest);
      found.push_back({name, m.epoch, m.val_loss});
    } catch (const Error& e) { log::warn(e.what()); }
  }
  return found;
}

}  // namespace cutract
