#include "host/io/atomic_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <utility>

#include "host/core/error.h"

namespace cutract {
namespace {

class RealFileSystem final : public FileSystem {
 public:
  int create(const std::string& p) override {
    return ::open(p.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  }
  int open_dir(const std::string& p) override { return ::open(p.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }
  ssize_t write(int fd, const void* data, std::size_t n) override { return ::write(fd, data, n); }
  int fsync(int fd) override { return ::fsync(fd); }
  int close(int fd) override { return ::close(fd); }
  int rename(const std::string& a, const std::string& b) override { return std::rename(a.c_str(), b.c_str()); }
  int unlink(const std::string& p) override { return ::unlink(p.c_str()); }
  int make_dir(const std::string& p) override { return ::mkdir(p.c_str(), 0777); }
  int remove_dir(const std::string& p) override { return ::rmdir(p.c_str()); }

  int list(const std::string& p, std::vector<std::string>& names) override {
    names.clear();
    struct Closer {
      void operator()(DIR* d) const { ::closedir(d); }
    };
    const std::unique_ptr<DIR, Closer> dir(::opendir(p.c_str()));
    if (!dir) return -1;
    errno = 0;
    while (const dirent* entry = ::readdir(dir.get())) {
      const std::string name = entry->d_name;
      if (name != "." && name != "..") names.push_back(name);
    }
    if (errno != 0) return -1;
    std::sort(names.begin(), names.end());
    return 0;
  }

  int read(const std::string& p, std::string& bytes) override {
    bytes.clear();
    const int fd = ::open(p.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return -1;
    const int result = read_all(fd, bytes);
    const int err = errno;
    ::close(fd);
    errno = err;
    return result;
  }

 private:
  // The size is a hint only: files of /proc say 0, and a file may grow meanwhile.
  static int read_all(int fd, std::string& bytes) {
    struct stat about {};
    if (::fstat(fd, &about) < 0) return -1;
    bytes.resize(about.st_size > 0 ? static_cast<std::size_t>(about.st_size) : 0);
    std::size_t have = 0;
    for (;;) {
      char probe[4096];
      const bool full = have == bytes.size();
      const ssize_t n = full ? ::read(fd, probe, sizeof probe) : ::read(fd, bytes.data() + have, bytes.size() - have);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return -1;
      if (n == 0) break;
      if (full) bytes.append(probe, static_cast<std::size_t>(n));
      have += static_cast<std::size_t>(n);
    }
    bytes.resize(have);
    return 0;
  }
};

[[noreturn]] void io_failed(const std::string& path, const char* doing, int err) {
  const bool full = err == ENOSPC || err == EDQUOT;
  fail(Fault::io,
       path + ": " + doing + ": " + std::strerror(err) + (full ? "; free some space or choose another folder" : ""));
}

// Calls again after a signal. Not for fsync, which must not be retried, nor for close, which closes all the same.
template <class Call>
auto uninterrupted(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

// Closes on every path; the one close whose result matters is explicit.
class Fd {
 public:
  Fd(FileSystem& fs, int fd) : fs_(fs), fd_(fd) {}
  ~Fd() {
    if (fd_ >= 0) fs_.close(fd_);
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  int get() const { return fd_; }
  int close() { return fs_.close(std::exchange(fd_, -1)); }

 private:
  FileSystem& fs_;
  int fd_;
};

}  // namespace

FileSystem& real_file_system() {
  static RealFileSystem fs;
  return fs;
}

std::string folder_of(const std::string& path) {
  const auto end = path.find_last_not_of('/');
  const auto slash = end == std::string::npos ? std::string::npos : path.rfind('/', end);
  if (slash == std::string::npos) return end == std::string::npos && !path.empty() ? "/" : ".";
  const auto last = path.find_last_not_of('/', slash);
  return last == std::string::npos ? "/" : path.substr(0, last + 1);
}

void write_flushed(FileSystem& fs, const std::string& path, std::string_view bytes) {
  Fd file(fs, uninterrupted([&] { return fs.create(path); }));
  if (file.get() < 0) io_failed(path, "cannot create", errno);
  while (!bytes.empty()) {
    const ssize_t n = uninterrupted([&] { return fs.write(file.get(), bytes.data(), bytes.size()); });
    if (n < 0) io_failed(path, "cannot write", errno);
    if (n == 0) io_failed(path, "cannot write", ENOSPC);  // no progress and no reason: do not loop for ever
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  if (fs.fsync(file.get()) < 0)
    io_failed(path, "cannot flush", errno);  // never retried: the kernel forgets the failure
  if (file.close() < 0 && errno != EINTR) io_failed(path, "cannot close", errno);
}

void flush_folder(FileSystem& fs, const std::string& folder) {
  Fd dir(fs, uninterrupted([&] { return fs.open_dir(folder); }));
  if (dir.get() < 0) io_failed(folder, "cannot open the folder", errno);
  if (fs.fsync(dir.get()) < 0) io_failed(folder, "cannot flush the folder", errno);
}

void save_atomically(FileSystem& fs, const std::string& path, std::string_view bytes) {
  const std::string tmp = path + ".tmp";  // in the same folder, so that rename stays on one file system
  try {
    write_flushed(fs, tmp, bytes);
    if (uninterrupted([&] { return fs.rename(tmp, path); }) < 0) io_failed(path, "cannot rename", errno);
  } catch (const Error&) {
    fs.unlink(tmp);
    throw;
  }
  flush_folder(fs, folder_of(path));
}

std::string read_file(FileSystem& fs, const std::string& path) {
  std::string bytes;
  if (fs.read(path, bytes) < 0) io_failed(path, "cannot read", errno);
  return bytes;
}
std::string read_file(const std::string& path) { return read_file(real_file_system(), path); }

void make_folder(FileSystem& fs, const std::string& path) {
  if (fs.make_dir(path) == 0) return flush_folder(fs, folder_of(path));
  int err = errno;
  if (err == ENOENT && folder_of(path) != path) {
    make_folder(fs, folder_of(path));
    if (fs.make_dir(path) == 0) return flush_folder(fs, folder_of(path));
    err = errno;
  }
  std::vector<std::string> ignored;
  if (err == EEXIST && fs.list(path, ignored) == 0) return;
  io_failed(path, "cannot make the folder", err);
}
void make_folder(const std::string& path) { make_folder(real_file_system(), path); }

}  // namespace cutract
