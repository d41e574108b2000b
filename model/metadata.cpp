#include "model/metadata.h"

#include <fmt/format.h>

#include "host/core/error.h"

namespace cutract {

std::string exact(double v) { return fmt::format("{}", v); }

const std::string& metadata_text(const TensorFile& file, const std::string& key, const std::string& origin) {
  const auto it = file.metadata.find(key);
  if (it == file.metadata.end())
    fail(Fault::data, origin + ": has no metadata \"" + key + "\"; expected a model written by cutract train");
  return it->second;
}

void fail_metadata_number(const std::string& text, const std::string& key, const std::string& origin,
                          const std::string& expected) {
  fail(Fault::data, fmt::format("{}: metadata \"{}\" is \"{}\", expected {}", origin, key, text, expected));
}

}  // namespace cutract
