#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/io/stored_track.h"

namespace cutract {

// One sensor of a sweep: its channel of the articulograph, from 1, and its name.
struct PosSensor {
  int number = 0;
  std::string name;
};

// Parses a position file of a Carstens AG500 or AG501 (.pos, AG50xDATA_V002 and V003): the coordinates `axes` ("xz") of
// these sensors in mm, as channels "tt_x", "tt_z". Without sensors, all that were connected, as "s1_x". Throws
// Error{data}, naming `origin`, for anything else, if header and data do not agree, and for a sensor that was not
// connected, whose positions are all 0. The memory is at most 8 bytes for each byte of the file, and 1 MiB.
StoredTrack parse_ag501(std::string_view bytes, const std::string& origin, const std::vector<PosSensor>& sensors,
                        std::string_view axes);

}  // namespace cutract
