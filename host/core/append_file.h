#pragma once

#include <string>
#include <string_view>

namespace cutract {

// A file of a run that grows at its end, such as a log. Whatever stands at its path is not trusted: a symbolic link is
// never followed.
class AppendFile {
 public:
  // Makes the file if there is none. Error{io} if it cannot be opened, is a symbolic link, or is not a regular file.
  explicit AppendFile(const std::string& path);
  ~AppendFile();
  AppendFile(const AppendFile&) = delete;
  AppendFile& operator=(const AppendFile&) = delete;

  bool append(std::string_view text);  // false: errno says why, and a part of the text may be there

 private:
  int fd_;
};

// Opens a file of a run to be written, without following a link, and returns its descriptor or -1. Error{io} if a link,
// or anything else that is not a regular file, stands there.
int open_unlinked(const std::string& path, int flags);

}  // namespace cutract
