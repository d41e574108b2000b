#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/core/view.h"

namespace cutract {

// One signal of an MVIEW file: "AUDIO" [samples, 1], or a sensor [frames, 6] of x, y, z in mm and three angles.
struct MviewSignal {
  std::string name;
  double rate_hz = 0;
  Matrix values;
};

// Parses a MATLAB 5 file (save -v6 or -v7, in either byte order) with a struct array as MVIEW has it: the fields NAME,
// SRATE and SIGNAL, and any others. Throws Error{data}, naming `origin`, for anything else. MATLAB 7.3 is refused, as
// in read_mat. The memory is at most 8 bytes for each byte of the file, and 1 MiB; a file that is compressed further is
// refused.
std::vector<MviewSignal> parse_mview(std::string_view bytes, const std::string& origin);

}  // namespace cutract
