#pragma once

#include <string>

namespace cutract {

// Quotes the path as one word of a POSIX shell, for commands that a message tells people to type. A path that starts
// with a dash gets a leading "./", so that no command takes it for an option.
std::string shell_quoted(const std::string& path);

}  // namespace cutract
