#include "host/core/shell_quoted.h"

#include <string_view>

namespace cutract {
namespace {

// Characters that a POSIX shell does not interpret anywhere in a word.
bool is_plain(char c) {
  constexpr std::string_view kOthers = "_-./,:@%+";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         kOthers.find(c) != std::string_view::npos;
}

bool all_plain(std::string_view text) {
  for (const char c : text)
    if (!is_plain(c)) return false;
  return true;
}

}  // namespace

std::string shell_quoted(const std::string& path) {
  const std::string safe = path.starts_with("-") ? "./" + path : path;
  if (!safe.empty() && all_plain(safe)) return safe;
  std::string out = "'";
  for (const char c : safe) {
    if (c == '\'')
      out += "'\\''";
    else
      out += c;
  }
  return out + "'";
}

}  // namespace cutract
