#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>

// A fuzz target is a parser of bytes that may come from a stranger. The fuzzers (entry.cpp, with libFuzzer) and the
// replay of their inputs in the ordinary tests (replay.cpp) run the same targets.
namespace cutract::fuzz {

struct Target {
  std::string_view name;
  // Parses the bytes. Throws Error if they are refused, and Broken if they are accepted but what was read is wrong.
  void (*parse)(std::string_view bytes);
  // The heap that parsing may use at most: 8 bytes for each byte of the input, and this many more.
  std::size_t spare_bytes;
  std::size_t longest;  // the size to which the fuzzer lets an input grow
};

class Broken : public std::logic_error {
  using std::logic_error::logic_error;
};

// Throws Broken with this text if the condition does not hold.
void expect(bool holds, const char* what);

struct Outcome {
  std::string finding;  // what is wrong, or ""
  bool accepted = false;
};

// Parses one input. An Error of the kinds that blame the input is right; any other exception, a broken promise, and too
// much memory are findings.
Outcome parse(const Target&, std::string_view bytes);

// The largest heap of one input so far, as "N bytes for an input of M bytes". "not measured" without AddressSanitizer.
std::string largest_heap();

}  // namespace cutract::fuzz
