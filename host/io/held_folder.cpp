#include "host/io/held_folder.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "host/core/error.h"

namespace cutract {

HeldFolder::HeldFolder(std::string folder)
    : fs_(real_file_system()), folder_(std::move(folder)), fd_(fs_.open_dir(folder_)) {
  while (folder_.size() > 1 && folder_.ends_with('/')) folder_.pop_back();
  if (fd_ < 0) fail(Fault::io, folder_ + ": cannot open the folder: " + std::strerror(errno));
  const std::string path = fmt::format("/proc/self/fd/{}", fd_);
  FileFacts facts;
  if (fs_.look_through(path, facts) == 0 && facts.kind == FileFacts::Kind::folder) by_descriptor_ = path;
}

HeldFolder::~HeldFolder() { fs_.close(fd_); }

std::string HeldFolder::held(const std::string& path) const {
  if (by_descriptor_.empty() || !path.starts_with(folder_)) return path;
  const std::string rest = path.substr(folder_.size());
  if (rest.empty()) return by_descriptor_ + "/.";
  return rest.starts_with('/') ? by_descriptor_ + rest : path;
}

}  // namespace cutract
