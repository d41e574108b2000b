#pragma once

#include <string>
#include <string_view>

#include "host/io/stored_track.h"

namespace cutract {

// Tables of numbers without a header line, whose columns the corpus defines. Times are in seconds and values in mm.
// Throws Error{data} as "origin:line: what" for a line that does not have these numbers. The memory is at most 8 bytes
// for each byte of the file, and 1 MiB.

// A .txy file of the Wisconsin X-ray microbeam database: the time in us, then x and y of 8 pellets in um. 1000000 is a
// value that was not tracked.
StoredTrack parse_xrmb(std::string_view bytes, const std::string& origin);

// The table that some copies of MOCHA-TIMIT have in place of EST tracks: the time in s, a break flag (0: the row has no
// values), and 20 channels in 1/1000 cm, in the order of the EST tracks.
StoredTrack parse_mocha_text(std::string_view bytes, const std::string& origin);

}  // namespace cutract
