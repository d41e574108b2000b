// The entry of one fuzzer; CUTRACT_FUZZ_TARGET is the name of its target.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "tests/fuzz/parsers.h"

#define CUTRACT_FUZZ_PARSER_OF(name) cutract::fuzz::parse_##name
#define CUTRACT_FUZZ_PARSER(name) CUTRACT_FUZZ_PARSER_OF(name)
#define CUTRACT_FUZZ_TEXT_OF(name) #name
#define CUTRACT_FUZZ_TEXT(name) CUTRACT_FUZZ_TEXT_OF(name)

namespace {

constexpr cutract::fuzz::Target kTarget =
    cutract::fuzz::with_limits(CUTRACT_FUZZ_TEXT(CUTRACT_FUZZ_TARGET), CUTRACT_FUZZ_PARSER(CUTRACT_FUZZ_TARGET));

void report() { std::fprintf(stderr, "heap: %s\n", cutract::fuzz::largest_heap().c_str()); }

}  // namespace

// Adds the target's own longest input to the options.
extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  std::atexit(report);
  static std::string longest = "-max_len=" + std::to_string(kTarget.longest);
  static std::vector<char*> args(*argv, *argv + *argc);
  args.insert(args.begin() + 1, longest.data());
  args.push_back(nullptr);
  *argc += 1;
  *argv = args.data();
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string wrong = cutract::fuzz::parse(kTarget, {reinterpret_cast<const char*>(data), size}).finding;
  if (wrong.empty()) return 0;
  std::fprintf(stderr, "finding: %s\n", wrong.c_str());
  std::abort();
}
