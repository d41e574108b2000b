#include "host/run/find_checkpoint.h"

#include <algorithm>

#include "host/core/error.h"
#include "host/run/checkpoint_folder.h"

namespace cutract {
namespace {

// Resolves RUN/best or any other link to a checkpoint once, so that all files are read from the same checkpoint.
std::string without_link(FileSystem& fs, const std::string& folder) {
  FileFacts facts;
  std::string target;
  if (fs.look(folder, facts) < 0 || facts.kind != FileFacts::Kind::link || fs.read_link(folder, target) < 0)
    return folder;
  return target.starts_with('/') || folder_of(folder) == "." ? target : folder_of(folder) + "/" + target;
}

}  // namespace

std::string find_checkpoint(const std::string& model) {
  FileSystem& fs = real_file_system();
  const std::string path = model.size() > 1 && model.ends_with('/') ? model.substr(0, model.size() - 1) : model;
  const auto is_checkpoint = [&](const std::string& folder) {
    return read_if_there(fs, folder + "/" + kManifest).has_value();
  };
  // Reads the checkpoint that the pointer file `at` of a checkpoints folder names. A training may remove it meanwhile,
  // after it has updated the pointer to a newer one.
  const auto follow = [&](const std::string& at) {
    std::string name = pointed_at(read_file(at));
    while (!name.empty() && !is_checkpoint(folder_of(at) + "/" + name)) {
      const std::string now = pointed_at(read_file(at));
      name = now == name ? "" : now;
    }
    if (name.empty())
      fail(Fault::io, at + ": does not name a checkpoint in its folder; give a checkpoint folder instead");
    return folder_of(at) + "/" + name;
  };
  if (is_folder(fs, path)) {
    if (is_checkpoint(path)) return without_link(fs, path);
    for (const std::string& at : {path + "/checkpoints/best", path + "/best"})
      if (read_if_there(fs, at)) return follow(at);
    if (is_folder(fs, path + "/checkpoints"))
      fail(Fault::io, path + ": this run has not finished an epoch yet; train it first");
    fail(Fault::io, path + ": is neither a run folder (no checkpoints/) nor a checkpoint (no MANIFEST)");
  }
  if (!read_if_there(fs, path))
    fail(Fault::io, path + ": not found; expected a run folder, a checkpoint or a .safetensors file");
  if (path.ends_with(".safetensors")) {
    // A file copied out of its checkpoint has everything that inference needs, including its own digest.
    return path.ends_with("/model.safetensors") && is_checkpoint(folder_of(path)) ? without_link(fs, folder_of(path))
                                                                                  : path;
  }
  if (path.ends_with("/last") || path.ends_with("/best") || path == "last" || path == "best") return follow(path);
  fail(Fault::io, path + ": is not a run folder, checkpoint or .safetensors file");
}

std::vector<std::string> checkpoints_of_run(const std::string& model) {
  FileSystem& fs = real_file_system();
  std::vector<std::string> folders;
  for (const std::string& folder : {model + "/checkpoints", model}) {
    if (!is_folder(fs, folder)) continue;
    std::vector<Ranked> found = entries_of(fs, folder);
    std::stable_sort(found.begin(), found.end(), ranks_before);
    for (const Ranked& r : found) folders.push_back(folder + "/" + r.name);
    if (!folders.empty()) break;
  }
  return folders;
}

NamedCheckpoint read_named_checkpoint(const std::string& model) {
  constexpr int kTries = 20;
  for (int i = 1;; ++i) {
    const std::string found = find_checkpoint(model);
    try {
      if (found.ends_with(".safetensors")) return {found, {{"model.safetensors", read_file(found)}}};
      return {found, read_checkpoint(found)};
    } catch (const Error&) {
      // If a training has removed it meanwhile, the name refers to a newer one by now.
      if (i == kTries || find_checkpoint(model) == found) throw;
    }
  }
}

}  // namespace cutract
