#pragma once

#include <string>

namespace cutract {

// One writer to a folder: held by flock on `folder`/.lock until it ends, also by a signal or a crash. The file stays.
class FolderLock {
 public:
  // Error{io}, naming who holds it, or if .lock is a link or not a regular file. Where the file system has no locks, or
  // does not let the file be written, warns once and continues without.
  explicit FolderLock(const std::string& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

  // False once the folder, or the file in it, has been removed or replaced: another run may then have taken its place,
  // and its lock is a different file.
  bool holds() const;

 private:
  std::string path_;  // of the file
  int file_;
};

}  // namespace cutract
