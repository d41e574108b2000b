#pragma once

#include <string>

namespace cutract {

// One writer to a folder: held by flock on `folder`/.lock until it ends, also by a signal or a crash. The file stays.
class FolderLock {
 public:
  // Error{io}, naming who holds it. Where a file system knows no locks, or does not let it write the file, goes on
  // without.
  explicit FolderLock(const std::string& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int file_;
};

}  // namespace cutract
