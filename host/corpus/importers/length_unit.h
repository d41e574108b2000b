#pragma once

#include <string>

namespace cutract {

struct LengthUnit {
  const char* name;
  double mm;
};

// The unit that --unit names: mm, cm, um or 0.01mm. Throws Error{usage} for any other.
const LengthUnit& length_unit(const std::string& name);

}  // namespace cutract
