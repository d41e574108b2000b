#pragma once

#include <source_location>
#include <stdexcept>
#include <string>
#include <string_view>

namespace cutract {

// The kind of failure, from the user's point of view. main() returns it as the exit code.
enum class Fault { usage = 2, config = 3, data = 4, io = 5, memory = 6, device = 7, diverged = 8, internal = 70 };

class Error : public std::runtime_error {
 public:
  Error(Fault fault, const std::string& what) : std::runtime_error(what), fault_(fault) {}
  Fault fault() const noexcept { return fault_; }

 private:
  Fault fault_;
};

// Throws Error. The text has the form "object: what is, what was expected, what to do". Fault::internal adds our file
// and line.
[[noreturn]] void fail(Fault, std::string_view message, std::source_location = std::source_location::current());

}  // namespace cutract
