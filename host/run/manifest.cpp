#include "host/run/manifest.h"

#include <fmt/format.h>

#include <charconv>
#include <sstream>

#include "host/core/error.h"
#include "host/io/sha256.h"

namespace cutract {
namespace {

constexpr int kVersion = 1;
constexpr std::string_view kTitle = "cutract checkpoint, format ";

template <class T>
bool parsed(const std::string& text, T& out) {
  const auto [end, err] = std::from_chars(text.data(), text.data() + text.size(), out);
  return err == std::errc() && end == text.data() + text.size();
}

}  // namespace

CheckpointManifest manifest_of(int epoch, double val_loss, const std::map<std::string, std::string>& files) {
  CheckpointManifest m{epoch, val_loss, {}};
  for (const auto& [name, bytes] : files) m.files[name] = {bytes.size(), sha256_hex(bytes)};
  return m;
}

std::string write_manifest(const CheckpointManifest& m) {
  std::string text = fmt::format("{}{}\nepoch {}\nval_loss {}\n", kTitle, kVersion, m.epoch, m.val_loss);
  for (const auto& [name, f] : m.files) text += fmt::format("file {} {} {}\n", f.size, f.sha256, name);
  return text + "sha256 " + sha256_hex(text) + "\n";
}

CheckpointManifest parse_manifest(std::string_view text, const std::string& origin) {
  // The version is checked first: everything else may differ in a later one.
  const auto end = text.find('\n');
  int version = 0;
  if (!text.starts_with(kTitle) || end == std::string_view::npos ||
      !parsed(std::string(text.substr(kTitle.size(), end - kTitle.size())), version))
    fail(Fault::data, origin + ": is not a checkpoint manifest, or is damaged");
  if (version != kVersion)
    fail(Fault::io,
         fmt::format("{}: format version is {}, this program reads {}; use the cutract that wrote it or a newer one",
                     origin, version, kVersion));

  const std::string damaged = origin + ": is truncated or altered";
  const auto seal = text.rfind("sha256 ");
  if (seal == std::string_view::npos || text.substr(seal) != "sha256 " + sha256_hex(text.substr(0, seal)) + "\n")
    fail(Fault::data, damaged);
  CheckpointManifest m;
  // The files are in the checkpoint's own folder.
  const auto in_folder = [](const std::string& name) {
    return !name.empty() && name != "." && name != ".." && name.find('/') == std::string::npos;
  };
  std::istringstream lines(std::string(text.substr(end + 1, seal - end - 1)));
  std::string epoch, val_loss, word, line;
  if (!(lines >> word >> epoch) || word != "epoch" || !parsed(epoch, m.epoch) || !(lines >> word >> val_loss) ||
      word != "val_loss" || !parsed(val_loss, m.val_loss))
    fail(Fault::data, damaged);
  std::getline(lines, line);
  while (lines >> word) {
    CheckpointManifest::File f;
    std::string name;
    if (word != "file" || !(lines >> f.size >> f.sha256) || lines.get() != ' ' || !std::getline(lines, name) ||
        !in_folder(name) || !m.files.emplace(name, f).second)
      fail(Fault::data, damaged);
  }
  if (m.epoch < 0 || write_manifest(m) != text) fail(Fault::data, damaged);
  return m;
}

}  // namespace cutract
