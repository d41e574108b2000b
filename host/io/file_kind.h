#pragma once

#include <string>
#include <string_view>

namespace cutract {

// What a file is that a reader cannot take, with what to do about it, as a sentence without subject: "is a Git LFS
// pointer, not the file itself; run `git lfs pull`". "" if the first bytes tell nothing.
std::string foreign_kind(std::string_view bytes);

// Throws Error{data} if `bytes` are the pointer that Git LFS leaves where a file has not been fetched.
void refuse_git_lfs_pointer(std::string_view bytes, const std::string& origin);

}  // namespace cutract
