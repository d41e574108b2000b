#include "tests/fuzz/scratch.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>

namespace cutract::fuzz {
namespace {

class Folder {
 public:
  Folder() : path_(parent() + "/cutract-fuzz-XXXXXX") {
    if (!::mkdtemp(path_.data())) throw std::runtime_error("cannot make a scratch folder: " + path_);
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::string& path() const { return path_; }

 private:
  // Memory, where there is such a folder: every input is written to a file.
  static std::string parent() {
    constexpr const char* kMemory = "/dev/shm";
    if (!std::getenv("TMPDIR") && ::access(kMemory, W_OK) == 0) return kMemory;
    return std::filesystem::temp_directory_path().string();
  }

  std::string path_;
};

}  // namespace

const std::string& scratch_folder() {
  static const Folder folder;
  return folder.path();
}

std::string write_scratch(const std::string& name, std::string_view bytes) {
  std::string path = scratch_folder() + "/" + name;
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const bool written = file >= 0 && ::write(file, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size());
  if (file >= 0) ::close(file);
  if (!written) throw std::runtime_error("cannot write a scratch file: " + path);
  return path;
}

std::string make_scratch_folder(const std::string& name) {
  std::string path = scratch_folder() + "/" + name;
  std::filesystem::create_directories(path);
  return path;
}

}  // namespace cutract::fuzz
