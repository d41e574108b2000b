#include "host/io/folder_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "host/core/error.h"
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
    : file_(open((folder + "/.lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666)) {
  if (file_ < 0) return;
  if (flock(file_, (CUTRACT_PLANTED("two_writers") ? LOCK_SH : LOCK_EX) | LOCK_NB) != 0) {
    const bool held = errno == EWOULDBLOCK;
    const std::string who = held ? holder(file_) : "";
    close(file_);
    file_ = -1;
    if (held)
      fail(Fault::io,
           fmt::format("{}: {} is writing here; wait until it has ended, or choose another folder", folder, who));
    return;
  }
  // For whoever comes next: if it cannot be written, they read less.
  const std::string me = this_process();
  if (ftruncate(file_, 0) == 0) (void)!pwrite(file_, me.data(), me.size(), 0);
}

FolderLock::~FolderLock() {
  if (file_ >= 0) close(file_);
}

}  // namespace cutract
