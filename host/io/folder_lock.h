#pragma once

#include <string>

namespace cutract {

// Allows one writer per folder. flock on `folder`/.lock is held until the process ends, also by a signal or a crash.
// The file stays.
class FolderLock {
 public:
  // Throws Error{io}, naming the holder, if the lock is taken, or if .lock is a link or not a regular file. Where the
  // file system has no locks, or does not let the file be written, this warns once and continues without a lock.
  explicit FolderLock(const std::string& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

  // Returns false once the folder, or the lock file in it, has been removed or replaced: a different run may then have
  // taken its place, with a different lock file.
  bool holds() const;

 private:
  std::string path_;  // of the file
  int file_;
};

}  // namespace cutract
