#include "host/corpus/importers/length_unit.h"

#include <fmt/format.h>

#include "host/core/error.h"
#include "host/core/text.h"

namespace cutract {

const LengthUnit& length_unit(const std::string& name) {
  static constexpr LengthUnit kUnits[] = {{"mm", 1}, {"cm", 10}, {"um", 0.001}, {"0.01mm", 0.01}};
  for (const LengthUnit& u : kUnits)
    if (name == u.name) return u;
  fail(Fault::usage, fmt::format("--unit: is \"{}\", expected mm, cm, um or 0.01mm", shortened(name)));
}

}  // namespace cutract
