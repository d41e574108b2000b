#pragma once

#include <functional>
#include <string>

namespace cutract {

// Sends the notes and warnings of the library to `write` instead of stderr, one line per call, without its line end.
// Warnings begin with "warning: ". An empty function restores stderr. This holds for the whole process. `write` is
// called by the thread that computes, by one thread at a time; it must not throw and must not call cutract.
void write_log_to(std::function<void(const std::string& line)> write);

}  // namespace cutract
