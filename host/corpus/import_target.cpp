#include "host/corpus/import_target.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <filesystem>
#include <set>
#include <utility>
#include <vector>

#include "host/core/error.h"
#include "host/core/log.h"
#include "host/corpus/corpus.h"
#include "host/io/atomic_file.h"

namespace cutract {
namespace {

namespace fs = std::filesystem;

constexpr const char* kMarker = ".import";  // in a folder whose import is not complete
constexpr const char* kLock = ".lock";
constexpr const char* kNew = ".import-";     // of the name of the folder in which a new corpus is made
constexpr const char* kSpare = ".earlier-";  // of the earlier corpus, while two folders cannot be exchanged in one step
constexpr std::size_t kDigits = 16;

bool is_there(const std::string& path) {
  std::error_code ignored;
  return fs::exists(fs::symlink_status(path, ignored));
}

bool is_corpus(const std::string& folder) {
  return fs::exists(folder + "/corpus.toml") && fs::exists(folder + "/manifest.tsv");
}

// A corpus that was made by hand has a different entry for its source.
bool is_imported(const std::string& folder) {
  return read_file(folder + "/corpus.toml").find("imported by cutract") != std::string::npos;
}

// "corpora/.stem.import-" for corpora/stem and kNew.
std::string beside(const std::string& out, const char* kind) {
  return folder_of(out) + "/." + fs::path(out).filename().string() + kind;
}

std::string new_name_beside(const std::string& out, const char* kind) {
  const std::string random = temporary_beside(out);
  return beside(out, kind) + random.substr(random.size() - kDigits);
}

// The folders that earlier imports into `out` left beside it.
std::vector<std::string> left_beside(const std::string& out, const char* kind) {
  const std::string start = beside(out, kind);
  std::vector<std::string> names, found;
  if (real_file_system().list(folder_of(out), names) != 0) return found;
  for (const std::string& name : names) {
    const std::string path = folder_of(out) + "/" + name;
    const bool random = path.size() == start.size() + kDigits &&
                        path.find_first_not_of("0123456789abcdef", start.size()) == std::string::npos;
    if (path.starts_with(start) && random && fs::is_directory(fs::symlink_status(path))) found.push_back(path);
  }
  return found;
}

// The data files that an import wrote, relative to the corpus folder.
std::set<std::string> data_files(const std::string& corpus) {
  std::set<std::string> files;
  if (!is_corpus(corpus) || !is_imported(corpus)) return files;
  try {
    for (const Utterance& u : read_corpus(corpus).utterances) {
      files.insert("audio/" + u.id + ".flac");
      files.insert("articulation/" + u.id + ".npy");
      if (!u.features.empty()) files.insert("features/" + u.id + ".npy");
    }
  } catch (const Error&) { files.clear(); }  // whatever it is, no import made it
  return files;
}

void move_unless_taken(const fs::path& from, const fs::path& to) {
  if (is_there(to.string())) return;
  make_folder(to.parent_path().string());
  std::error_code ignored;
  fs::rename(from, to, ignored);
}

// Removes what an import made in the folder of an earlier corpus; everything else moves to `out`, or stays where its
// name is taken there. Can be repeated after it was interrupted.
void put_away(const std::string& earlier, const std::string& out) {
  const std::set<std::string> made = data_files(earlier);
  const bool imported = fs::exists(earlier + "/corpus.toml") && is_imported(earlier);
  // corpus.toml is removed last: by it the folder is recognised if this is interrupted.
  const std::vector<std::string> last{kMarker, "manifest.tsv", "corpus.toml"};
  std::vector<fs::path> files, folders{earlier};
  for (const fs::directory_entry& e : fs::recursive_directory_iterator(earlier))
    (e.is_directory() && !e.is_symlink() ? folders : files).push_back(e.path());
  std::error_code ignored;
  for (const fs::path& file : files) {
    const std::string name = file.lexically_relative(earlier).string();
    if (made.contains(name))
      fs::remove(file, ignored);
    else if (name != kLock && (!imported || std::find(last.begin(), last.end(), name) == last.end()))
      move_unless_taken(file, out + "/" + name);
  }
  if (imported)
    for (const std::string& name : last) fs::remove(earlier + "/" + name, ignored);
  fs::remove(earlier + "/" + kLock, ignored);
  std::sort(folders.begin(), folders.end());
  for (auto folder = folders.rbegin(); folder != folders.rend(); ++folder) {
    if (!fs::is_empty(*folder, ignored)) continue;
    const fs::path same = fs::path(out) / folder->lexically_relative(earlier);
    fs::create_directories(same, ignored);
    if (fs::is_directory(same, ignored)) fs::remove(*folder, ignored);
  }
  if (fs::exists(earlier))
    log::warn(fmt::format("{}: holds files of the earlier corpus whose names the new one uses; move or delete them",
                          earlier));
}

// The marker goes last: if this is killed half-way, what is left is still known to be unfinished.
void remove_unfinished(const std::string& folder) {
  std::error_code ignored;
  std::vector<fs::path> rest;
  for (const fs::directory_entry& e : fs::directory_iterator(folder, ignored))
    if (e.path().filename() != kMarker) rest.push_back(e.path());
  for (const fs::path& path : rest) fs::remove_all(path, ignored);
  fs::remove(folder + "/" + kMarker, ignored);
  fs::remove(folder, ignored);
}

// What killed imports left: a corpus that was not complete is removed, and one that was exchanged is put away.
void clear_up(const std::string& out) {
  for (const std::string& spare : left_beside(out, kSpare))
    if (!is_there(out)) real_file_system().rename(spare, out);
  for (const char* kind : {kNew, kSpare})
    for (const std::string& folder : left_beside(out, kind)) {
      try {
        const FolderLock ours(folder);
        if (fs::exists(folder + "/" + kMarker))
          remove_unfinished(folder);
        else if (is_corpus(out))
          put_away(folder, out);
      } catch (const Error&) { continue; }  // another import is writing it
    }
}

// Without renameat2's exchange there is a moment in which nothing is at `out`: clear_up puts the earlier one back.
void swap_folders(const std::string& made, const std::string& out) {
  if (renameat2(AT_FDCWD, made.c_str(), AT_FDCWD, out.c_str(), RENAME_EXCHANGE) == 0) return;
  FileSystem& real = real_file_system();
  const std::string spare = new_name_beside(out, kSpare);
  const auto failed = [&] {
    fail(Fault::io, fmt::format("{}: cannot be replaced by the new corpus: {}; the earlier one is kept", out,
                                std::strerror(errno)));
  };
  if (real.rename(out, spare) != 0) failed();
  if (real.rename(made, out) != 0) {
    real.rename(spare, out);
    failed();
  }
  real.rename(spare, made);
}

void expect_ours(const std::string& out) {
  if (is_corpus(out) && !is_imported(out))
    fail(Fault::io, out + ": holds a corpus that was not made by cutract corpus import; name a new folder with --out");
  if (!is_corpus(out) && !fs::exists(out + "/" + kMarker) && !fs::is_empty(out))
    fail(Fault::io, out + ": is neither empty nor a cutract corpus; name a new folder with --out");
  for (const char* name : {"/audio", "/articulation", "/features"})
    if (fs::is_symlink(out + name))
      fail(Fault::io,
           out + name + ": is a symbolic link, which an import does not follow; name a new folder with --out");
}

}  // namespace

ImportTarget::ImportTarget(std::string out) : out_(std::move(out)), replaces_(false) {
  while (out_.size() > 1 && out_.back() == '/') out_.pop_back();
  const std::string given = out_;
  out_ = fs::weakly_canonical(out_).string();
  clear_up(out_);
  make_folder(given);
  expect_ours(given);
  replaces_ = is_corpus(out_);
}

ImportTarget::~ImportTarget() {
  if (folder_.empty() || folder_ == out_) return;
  try {
    remove_unfinished(folder_);
  } catch (const std::exception&) {
    // No memory is left for the paths. The next import into `out` removes the folder.
  }
}

const std::string& ImportTarget::begin() {
  std::string folder = out_;
  if (replaces_) {
    folder = new_name_beside(out_, kNew);
    if (real_file_system().make_dir(folder) != 0)
      fail(Fault::io,
           fmt::format("{}: an earlier corpus is there, and the new one cannot be made beside it: {}; name a "
                       "new folder with --out",
                       out_, std::strerror(errno)));
    folder_ = folder;
    write_flushed(real_file_system(), folder + "/" + kMarker, "");  // in one call, so that a kill leaves nothing else
    lock_ = std::make_unique<FolderLock>(folder);
  } else {
    std::error_code ignored;
    for (const char* name : {"/corpus.toml", "/manifest.tsv"}) fs::remove(folder + name, ignored);  // half a corpus
    save_atomically(real_file_system(), folder + "/" + kMarker, "");
  }
  folder_ = folder;
  make_folder(folder_ + "/audio");
  make_folder(folder_ + "/articulation");
  return folder_;
}

void ImportTarget::finish() {
  FileSystem& real = real_file_system();
  real.unlink(folder_ + "/" + kMarker);
  if (replaces_) take_place();
  folder_.clear();
}

void ImportTarget::take_place() {
  std::error_code ignored;
  fs::permissions(folder_, fs::status(out_).permissions(), ignored);
  real_file_system().unlink(out_ + "/" + kMarker);  // the earlier corpus is not to be taken for an unfinished one
  flush_folder(real_file_system(), folder_);
  swap_folders(folder_, out_);
  flush_folder(real_file_system(), folder_of(out_));
  const std::string earlier = std::exchange(folder_, "");  // what is there now is not ours alone
  real_file_system().unlink(out_ + "/" + kLock);
  put_away(earlier, out_);
}

}  // namespace cutract
