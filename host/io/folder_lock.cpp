#include "host/io/folder_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "host/core/append_file.h"
#include "host/core/error.h"
#include "host/core/log.h"
#include "host/core/plant.h"

namespace cutract {
namespace {

// "process 4711 on host"
std::string this_process() {
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) != 0) host[0] = '?';
  return fmt::format("process {} on {}", getpid(), host.data());
}

std::string holder(int file) {
  std::array<char, 300> text{};
  const ssize_t n = pread(file, text.data(), text.size(), 0);
  return n > 0 ? std::string(text.data(), static_cast<std::size_t>(n)) : "another process";
}

}  // namespace

FolderLock::FolderLock(const std::string& folder)
    : path_(folder + "/.lock"), file_(open_unlinked(path_, O_RDWR | O_CREAT)) {
  const auto without = [&](const char* call) {
    log::warn(fmt::format("{}: cannot {}: {}; make sure that only one training writes to this folder", path_, call,
                          std::strerror(errno)));
  };
  if (file_ < 0) {
    without("open");
    return;
  }
  if (flock(file_, (CUTRACT_PLANTED("two_writers") ? LOCK_SH : LOCK_EX) | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) {
      without("lock");
      return;
    }
    const std::string who = holder(file_);
    close(file_);
    file_ = -1;
    fail(Fault::io,
         fmt::format("{}: {} is writing here; wait until it has ended, or choose another folder", folder, who));
  }
  // This tells the next process who holds the lock; if it cannot be written, that process reads less.
  const std::string me = this_process();
  if (ftruncate(file_, 0) == 0) (void)!pwrite(file_, me.data(), me.size(), 0);
}

bool FolderLock::holds() const {
  struct stat ours {};
  struct stat there {};
  if (file_ < 0 || fstat(file_, &ours) != 0) return true;  // there is nothing to compare
  if (lstat(path_.c_str(), &there) != 0) return errno != ENOENT && errno != ENOTDIR;
  return ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

FolderLock::~FolderLock() {
  if (file_ >= 0) close(file_);
}

}  // namespace cutract
