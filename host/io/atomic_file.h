#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace cutract {

// The few system calls that saving needs. Each returns what the call returns (-1: failed) and sets errno, so that tests
// can put a simulated disk here and fail every call in turn. `read` and `list` stand for a few calls each.
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
  virtual int make_dir(const std::string& path) = 0;                               // mode 0777 & ~umask
  virtual int remove_dir(const std::string& path) = 0;                             // an empty one
  virtual int list(const std::string& path, std::vector<std::string>& names) = 0;  // sorted, without . and ..
  virtual int read(const std::string& path, std::string& bytes) = 0;               // the whole file
};
FileSystem& real_file_system();

// Replaces the file at `path` by `bytes`, by way of `path`.tmp. Whenever the machine stops, `path` holds all the old
// bytes or all the new ones; once this returns it holds the new ones, also after a power cut. Throws Error{io} on
// failure; then `path` still holds the old bytes, unless only the last flush, of its folder, failed: then it may hold
// either.
void save_atomically(FileSystem&, const std::string& path, std::string_view bytes);

// Writes and flushes a new file in place: for a folder that nobody reads before it is renamed. Throws Error{io}.
void write_flushed(FileSystem&, const std::string& path, std::string_view bytes);

// Makes the names in a folder durable. Throws Error{io}.
void flush_folder(FileSystem&, const std::string& folder);

// The whole file. Throws Error{io}, naming the path and the reason.
std::string read_file(const std::string& path);
std::string read_file(FileSystem&, const std::string& path);

// Makes a folder and its parents. Throws Error{io}.
void make_folder(const std::string& path);
void make_folder(FileSystem&, const std::string& path);

// "dir" of "dir/name"; "." if there is none.
std::string folder_of(const std::string& path);

}  // namespace cutract
