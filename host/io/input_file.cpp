#include "host/io/input_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "host/core/error.h"

namespace cutract {
namespace {

class InputFd {
 public:
  explicit InputFd(int fd) : fd_(fd) {}
  ~InputFd() {
    if (fd_ >= 0) ::close(fd_);
  }
  InputFd(const InputFd&) = delete;
  InputFd& operator=(const InputFd&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

const char* kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "a folder";
  if (S_ISFIFO(mode)) return "a named pipe";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

[[noreturn]] void cannot_read(const std::string& path, const std::string& why) {
  fail(Fault::io, path + ": cannot read: " + why);
}

}  // namespace

std::string read_regular_file(const std::string& path) {
  const InputFd file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (file.get() < 0) cannot_read(path, std::strerror(errno));
  struct stat about {};
  if (::fstat(file.get(), &about) < 0) cannot_read(path, std::strerror(errno));
  if (!S_ISREG(about.st_mode)) cannot_read(path, std::string("is ") + kind_of(about.st_mode) + ", expected a file");
  std::string bytes(static_cast<std::size_t>(about.st_size), '\0');
  std::size_t have = 0;
  while (have < bytes.size()) {
    const ssize_t n = ::read(file.get(), bytes.data() + have, bytes.size() - have);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) cannot_read(path, std::strerror(errno));
    if (n == 0) break;  // the file was shortened meanwhile
    have += static_cast<std::size_t>(n);
  }
  bytes.resize(have);
  return bytes;
}

}  // namespace cutract
