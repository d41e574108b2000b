#pragma once

#include <string>

#include "host/io/atomic_file.h"

namespace cutract {

// The real file system, except that paths inside one folder refer to the folder that was opened at the start, whatever
// is at its path later: if it is removed and a different folder takes its place, calls fail and the new folder is left
// alone. Messages keep the path. This needs /proc; without it, paths are used as given.
class HeldFolder final : public FileSystem {
 public:
  explicit HeldFolder(std::string folder);
  ~HeldFolder() override;
  HeldFolder(const HeldFolder&) = delete;
  HeldFolder& operator=(const HeldFolder&) = delete;

  int create(const std::string& path) override { return fs_.create(held(path)); }
  int open_in_place(const std::string& path) override { return fs_.open_in_place(held(path)); }
  int open_dir(const std::string& path) override { return fs_.open_dir(held(path)); }
  ssize_t write(int fd, const void* data, std::size_t n) override { return fs_.write(fd, data, n); }
  int fsync(int fd) override { return fs_.fsync(fd); }
  int close(int fd) override { return fs_.close(fd); }
  int rename(const std::string& from, const std::string& to) override { return fs_.rename(held(from), held(to)); }
  int unlink(const std::string& path) override { return fs_.unlink(held(path)); }
  int make_dir(const std::string& path) override { return fs_.make_dir(held(path)); }
  int remove_dir(const std::string& path) override { return fs_.remove_dir(held(path)); }
  int list(const std::string& path, std::vector<std::string>& names) override { return fs_.list(held(path), names); }
  int read(const std::string& path, std::string& bytes) override { return fs_.read(held(path), bytes); }
  int look(const std::string& path, FileFacts& facts) override { return fs_.look(held(path), facts); }
  int look_through(const std::string& path, FileFacts& facts) override { return fs_.look_through(held(path), facts); }
  int read_link(const std::string& path, std::string& to) override { return fs_.read_link(held(path), to); }
  int make_link(const std::string& to, const std::string& path) override { return fs_.make_link(to, held(path)); }
  int set_access(int fd, const FileFacts& like) override { return fs_.set_access(fd, like); }

 private:
  std::string held(const std::string& path) const;

  FileSystem& fs_;
  std::string folder_;
  std::string by_descriptor_;  // empty where /proc is missing
  int fd_;
};

}  // namespace cutract
