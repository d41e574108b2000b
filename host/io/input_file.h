#pragma once

#include <string>

namespace cutract {

// Returns the contents of a regular file, or of a link to one. Throws Error{io} for a file that cannot be read, and,
// without waiting for it, for a named pipe, device, socket or folder. This is for files that a corpus names; read_file
// is for those that the user names, which may be pipes.
std::string read_regular_file(const std::string& path);

}  // namespace cutract
