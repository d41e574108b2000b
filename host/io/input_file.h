#pragma once

#include <string>

namespace cutract {

// The whole of a regular file, or of a link to one. A named pipe, device, socket or folder is refused without waiting
// for it: Error{io}, as for a file that cannot be read. For files that a corpus names; read_file is for those that the
// user names, which may be pipes.
std::string read_regular_file(const std::string& path);

}  // namespace cutract
