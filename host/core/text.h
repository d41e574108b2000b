#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace cutract {

// A count with its noun: "1 file", "2 files", "0 files". `many` is for nouns whose plural takes more than an s.
std::string counted(std::int64_t n, std::string_view one, std::string_view many = "");

}  // namespace cutract
