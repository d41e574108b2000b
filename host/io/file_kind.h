#pragma once

#include <string>
#include <string_view>

namespace cutract {

// Says what kind of file a reader has refused and what to do about it, as a sentence without its subject: "is a Git LFS
// pointer, not the file itself; run `git lfs pull`". Returns "" if the first bytes do not show the kind.
std::string foreign_kind(std::string_view bytes);

// Throws Error{data} if `bytes` are the pointer that Git LFS leaves in place of a file that has not been fetched.
void refuse_git_lfs_pointer(std::string_view bytes, const std::string& origin);

}  // namespace cutract
