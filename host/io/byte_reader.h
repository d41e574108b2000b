#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <iterator>
#include <string_view>

namespace cutract {

// Returns the number of type T at `at`, in the byte order of the file. The caller has checked that it is in `bytes`.
template <class T>
T number_at(std::string_view bytes, std::size_t at, bool little) {
  char raw[sizeof(T)];
  std::memcpy(raw, bytes.data() + at, sizeof(T));
  if (!little) std::reverse(std::begin(raw), std::end(raw));
  T v;
  std::memcpy(&v, raw, sizeof v);
  return v;
}

}  // namespace cutract
