#include "host/io/atomic_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <utility>

#include "host/core/error.h"

namespace cutract {
namespace {

constexpr std::string_view kTemporary = ".tmp-";
constexpr std::string_view kTemporaryOutput = ".tmp-out-";  // never stale while its owner has no lock on the folder
constexpr std::size_t kRandomDigits = 16;

FileFacts facts_of(const struct stat& about) {
  FileFacts facts;
  facts.kind = S_ISREG(about.st_mode)   ? FileFacts::Kind::file
               : S_ISDIR(about.st_mode) ? FileFacts::Kind::folder
               : S_ISLNK(about.st_mode) ? FileFacts::Kind::link
                                        : FileFacts::Kind::other;
  facts.mode = about.st_mode & 07777;
  facts.owner = about.st_uid;
  facts.group = about.st_gid;
  return facts;
}

// Returns the number of the open descriptor that `path` refers to through /proc, to which /dev/fd and /dev/stdout lead;
// -1 if it does not refer to one. Its file must not be replaced: the program that opened it would keep the old one.
int own_descriptor(std::string path) {
  for (int links = 0; links < 8; ++links) {
    std::array<char, PATH_MAX> text{};
    const std::string name = path.substr(path.rfind('/') + 1);
    const bool number = !name.empty() && name.size() < 8 && name.find_first_not_of("0123456789") == std::string::npos;
    if (number && realpath(folder_of(path).c_str(), text.data()) && text.data() == fmt::format("/proc/{}/fd", getpid()))
      return std::atoi(name.c_str());
    const ssize_t n = readlink(path.c_str(), text.data(), text.size());
    if (n <= 0) return -1;
    const std::string target(text.data(), static_cast<std::size_t>(n));
    path = target.starts_with('/') ? target : folder_of(path) + "/" + target;
  }
  return -1;
}

int connect_to(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    errno = ENAMETOOLONG;
    return -1;
  }
  path.copy(address.sun_path, path.size());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
  const int err = errno;
  ::close(fd);
  errno = err;
  return -1;
}

class RealFileSystem final : public FileSystem {
 public:
  int create(const std::string& p) override {
    return ::open(p.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
  }
  int open_in_place(const std::string& p) override {
    if (const int fd = own_descriptor(p); fd >= 0) return ::fcntl(fd, F_DUPFD_CLOEXEC, 3);
    const int fd = ::open(p.c_str(), O_WRONLY | O_TRUNC | O_NOCTTY | O_CLOEXEC);
    return fd < 0 && errno == ENXIO ? connect_to(p) : fd;  // a socket cannot be opened
  }
  int open_dir(const std::string& p) override { return ::open(p.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }
  ssize_t write(int fd, const void* data, std::size_t n) override {
    for (;;) {
      const ssize_t written = ::write(fd, data, n);
      if (written >= 0 || errno != EAGAIN) return written;
      pollfd ready{fd, POLLOUT, 0};  // another program may have made a pipe or terminal non-blocking
      if (::poll(&ready, 1, -1) < 0) return -1;
    }
  }
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

  int look(const std::string& p, FileFacts& facts) override {
    struct stat about {};
    if (::lstat(p.c_str(), &about) < 0) return -1;
    facts = facts_of(about);
    return 0;
  }
  int look_through(const std::string& p, FileFacts& facts) override {
    struct stat about {};
    if (::stat(p.c_str(), &about) < 0) return -1;
    facts = facts_of(about);
    facts.writable = ::faccessat(AT_FDCWD, p.c_str(), W_OK, AT_EACCESS) == 0;
    facts.descriptor = own_descriptor(p) >= 0;
    return 0;
  }
  int read_link(const std::string& p, std::string& target) override {
    std::array<char, PATH_MAX> text{};
    const ssize_t n = ::readlink(p.c_str(), text.data(), text.size());
    if (n < 0) return -1;
    target.assign(text.data(), static_cast<std::size_t>(n));
    return 0;
  }
  int make_link(const std::string& target, const std::string& p) override {
    return ::symlink(target.c_str(), p.c_str());
  }
  int set_access(int fd, const FileFacts& like) override {
    (void)!::fchown(fd, like.owner, like.group);  // only root may give a file away
    return ::fchmod(fd, like.mode);               // after fchown, which clears some bits
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
  // The size is only a hint: files of /proc report 0, and a file may grow meanwhile.
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

// Repeats a call that a signal interrupted. Not for fsync, which must not be retried, nor for close, which closes even
// when it fails.
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

void write_all(FileSystem& fs, int fd, const std::string& path, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = uninterrupted([&] { return fs.write(fd, bytes.data(), bytes.size()); });
    if (n < 0) io_failed(path, "cannot write", errno);
    if (n == 0) io_failed(path, "cannot write", ENOSPC);  // no progress and no reason: do not loop forever
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

void flush_and_close(FileSystem& fs, Fd& file, const std::string& path) {
  if (fs.fsync(file.get()) < 0)
    io_failed(path, "cannot flush", errno);  // never retried: the kernel forgets the failure
  if (file.close() < 0 && errno != EINTR) io_failed(path, "cannot close", errno);
}

std::string random_digits() {
  std::uint64_t value = 0;
  if (::getrandom(&value, sizeof value, GRND_NONBLOCK) != static_cast<ssize_t>(sizeof value)) {
    static std::uint64_t count = 0;
    value = static_cast<std::uint64_t>(::getpid()) << 32U | ++count;  // a name that is taken is not used anyway
  }
  return fmt::format("{:016x}", value);
}

// The new file is in the same folder, so that rename stays on one file system, and its name is short, so that any name
// can be written.
std::string temporary_beside(const std::string& path, std::string_view prefix) {
  return folder_of(path) + "/" + std::string(prefix) + random_digits();
}

// `like`: the file whose mode and owner the new file gets, or none. `named`: the name used in messages.
void replace(FileSystem& fs, const std::string& path, std::string_view bytes, std::string_view prefix,
             const FileFacts* like, const std::string& named) {
  constexpr int kTries = 10;
  std::string temporary;
  int fd = -1;
  for (int i = 0; i < kTries && fd < 0; ++i) {
    temporary = temporary_beside(path, prefix);
    fd = uninterrupted([&] { return fs.create(temporary); });
    if (fd < 0 && errno != EEXIST) io_failed(named, "cannot create", errno);
  }
  if (fd < 0) io_failed(named, "cannot create", EEXIST);
  try {
    Fd file(fs, fd);
    if (like && uninterrupted([&] { return fs.set_access(file.get(), *like); }) < 0)
      io_failed(named, "cannot set the mode", errno);
    write_all(fs, file.get(), named, bytes);
    flush_and_close(fs, file, named);
    if (uninterrupted([&] { return fs.rename(temporary, path); }) < 0) io_failed(named, "cannot rename", errno);
  } catch (const Error&) {
    fs.unlink(temporary);
    throw;
  }
  flush_folder(fs, folder_of(path));
}

// Returns the path at the end of the links at `path`; nothing need exist there.
std::string followed(FileSystem& fs, const std::string& path) {
  constexpr int kLinks = 40;  // the kernel's limit
  std::string at = path;
  for (int i = 0; i < kLinks; ++i) {
    FileFacts facts;
    std::string target;
    if (fs.look(at, facts) < 0) {
      if (errno == ENOENT) return at;
      io_failed(path, "cannot open", errno);
    }
    if (facts.kind != FileFacts::Kind::link) return at;
    if (fs.read_link(at, target) < 0) io_failed(path, "cannot follow the link", errno);
    at = target.starts_with('/') ? target : folder_of(at) + "/" + target;
  }
  io_failed(path, "cannot follow the link", ELOOP);
}

void write_in_place(FileSystem& fs, const std::string& path, std::string_view bytes) {
  Fd file(fs, uninterrupted([&] { return fs.open_in_place(path); }));
  if (file.get() < 0) io_failed(path, "cannot open", errno);
  write_all(fs, file.get(), path, bytes);
  if (file.close() < 0 && errno != EINTR) io_failed(path, "cannot close", errno);
}

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
  write_all(fs, file.get(), path, bytes);
  flush_and_close(fs, file, path);
}

void flush_folder(FileSystem& fs, const std::string& folder) {
  Fd dir(fs, uninterrupted([&] { return fs.open_dir(folder); }));
  if (dir.get() < 0) io_failed(folder, "cannot open the folder", errno);
  if (fs.fsync(dir.get()) < 0) io_failed(folder, "cannot flush the folder", errno);
}

std::string temporary_beside(const std::string& path) { return temporary_beside(path, kTemporary); }

void save_atomically(FileSystem& fs, const std::string& path, std::string_view bytes) {
  replace(fs, path, bytes, kTemporary, nullptr, path);
}

void write_output(FileSystem& fs, const std::string& path, std::string_view bytes) {
  FileFacts facts;
  const bool exists = uninterrupted([&] { return fs.look_through(path, facts); }) == 0;
  if (!exists && errno != ENOENT) io_failed(path, "cannot open", errno);
  if (exists && facts.kind == FileFacts::Kind::folder) fail(Fault::io, path + ": is a folder; name a file");
  if (exists && (facts.kind == FileFacts::Kind::other || facts.descriptor)) return write_in_place(fs, path, bytes);
  if (exists && !facts.writable) io_failed(path, "cannot replace", EACCES);
  const std::string target = followed(fs, path);
  replace(fs, target, bytes, kTemporaryOutput, exists ? &facts : nullptr,
          target == path ? path : path + " (a link to " + target + ")");
}

void remove_stale_temporaries(FileSystem& fs, const std::string& folder) {
  std::vector<std::string> names;
  fs.list(folder, names);  // best effort: the next run removes what remains
  for (const std::string& name : names)
    if (name.size() == kTemporary.size() + kRandomDigits && name.starts_with(kTemporary) &&
        name.find_first_not_of("0123456789abcdef", kTemporary.size()) == std::string::npos)
      fs.unlink(folder + "/" + name);  // a folder of that name is kept
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
