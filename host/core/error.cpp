#include "host/core/error.h"

namespace cutract {

void fail(Fault fault, std::string_view message, std::source_location at) {
  std::string text(message);
  if (fault == Fault::internal) text += " [" + std::string(at.file_name()) + ":" + std::to_string(at.line()) + "]";
  throw Error(fault, text);
}

}  // namespace cutract
