#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <sys/types.h>

namespace cutract {

// The few system calls a save makes. Each returns what the call returns and sets errno. Tests replace it.
class FileSystem {
 public:
  virtual ~FileSystem() = default;
  virtual int create(const std::string& path) = 0;  // truncates, mode 0666 & ~umask
  virtual int open_dir(const std::string& path) = 0;
  virtual ssize_t write(int fd, const void* data, std::size_t n) = 0;
  virtual int fsync(int fd) = 0;
  virtual int close(int fd) = 0;
  virtual int rename(const std::string& from, const std::string& to) = 0;
  virtual int unlink(const std::string& path) = 0;
};
FileSystem& real_file_system();

// Replaces the file at `path` by `bytes`. Whenever the machine stops, `path` holds all the old bytes or all the new ones;
// once this returns it holds the new ones, also after a power cut. Throws Error{io} and leaves the old file on failure.
void save_atomically(FileSystem&, const std::string& path, std::string_view bytes);

// The whole file. Throws Error{io}, naming the path and the reason.
std::string read_file(const std::string& path);

// Makes a folder and its parents. Throws Error{io}.
void make_folder(const std::string& path);

}  // namespace cutract
