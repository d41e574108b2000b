#include "host/core/append_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "host/core/error.h"

namespace cutract {

int open_unlinked(const std::string& path, int flags) {
  // O_NONBLOCK: opening a pipe without a reader would wait for one.
  const int fd = ::open(path.c_str(), flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0666);
  const int err = errno;
  if (fd < 0 && err == ELOOP)
    fail(Fault::io, path + ": is a symbolic link, and links in a run folder are never followed; remove the link");
  struct stat about {};
  const bool regular = fd >= 0 ? ::fstat(fd, &about) < 0 || S_ISREG(about.st_mode) : err != ENXIO;
  if (!regular) {
    if (fd >= 0) ::close(fd);
    fail(Fault::io, path + ": is not a regular file; remove it");
  }
  errno = err;
  return fd;
}

AppendFile::AppendFile(const std::string& path) : fd_(open_unlinked(path, O_WRONLY | O_APPEND | O_CREAT)) {
  if (fd_ < 0) fail(Fault::io, path + ": cannot open: " + std::strerror(errno));
}

AppendFile::~AppendFile() { ::close(fd_); }

bool AppendFile::append(std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd_, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

}  // namespace cutract
