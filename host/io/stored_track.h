#pragma once

#include <string>
#include <vector>

#include "host/core/view.h"

namespace cutract {

// A track of movement as a file of any format stores it.
struct StoredTrack {
  std::vector<std::string> channels;
  std::vector<double> times;        // of the rows, in the unit of the file; empty if the rows have a rate
  Matrix values;                    // [rows, channels]; NaN: missing
  double rate_hz = 0, first_s = 0;  // of rows without times; rate 0: not known
};

}  // namespace cutract
