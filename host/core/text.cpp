#include "host/core/text.h"

namespace cutract {

std::string counted(std::int64_t n, std::string_view one, std::string_view many) {
  std::string text = std::to_string(n) + " ";
  if (n == 1 || many.empty())
    text += one;
  else
    text += many;
  if (n != 1 && many.empty()) text += "s";
  return text;
}

}  // namespace cutract
