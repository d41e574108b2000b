#pragma once

#include <charconv>
#include <limits>
#include <string>
#include <type_traits>

#include "host/io/safetensors.h"

namespace cutract {

// The metadata of safetensors files, which are texts. Errors name `origin`.

// Shortest decimal that reads back to the same double.
std::string exact(double);

// Throws Error{data} if there is no such entry.
const std::string& metadata_text(const TensorFile&, const std::string& key, const std::string& origin);

[[noreturn]] void fail_metadata_number(const std::string& text, const std::string& key, const std::string& origin,
                                       const std::string& expected);

// T is a floating-point type, or an integer type that can represent the number, which must be at least `least`. Throws
// Error{data} for anything else.
template <class T>
T metadata_number(const TensorFile& file, const std::string& key, const std::string& origin, T least = 0) {
  const std::string& text = metadata_text(file, key, origin);
  T v = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), v);
  if (error == std::errc{} && end == text.data() + text.size() && (std::is_floating_point_v<T> || v >= least)) return v;
  if constexpr (std::is_floating_point_v<T>)
    fail_metadata_number(text, key, origin, "a number");
  else
    fail_metadata_number(
        text, key, origin,
        "an integer from " + std::to_string(least) + " to " + std::to_string(std::numeric_limits<T>::max()));
}

}  // namespace cutract
