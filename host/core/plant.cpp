#include "host/core/plant.h"

#include <cstdlib>
#include <cstring>

namespace cutract {

bool is_planted(const char* name) {
  const char* wanted = std::getenv("CUTRACT_PLANT");
  return wanted != nullptr && std::strcmp(wanted, name) == 0;
}

}  // namespace cutract
