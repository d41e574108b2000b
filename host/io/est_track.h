#pragma once

#include <string>
#include <string_view>

#include "host/io/stored_track.h"

namespace cutract {

// Parses an EST_Track file, ascii or binary in either byte order, as MNGU0 and MOCHA-TIMIT have them. Times are in
// seconds, and values in the unit of the file. A frame that is a break (flag 0) and a value that is not a number are
// missing. Throws Error{data}, naming `origin`, for anything else, and if header and data do not agree. The memory is
// at most 8 bytes for each byte of the file, and 1 MiB.
StoredTrack parse_est_track(std::string_view bytes, const std::string& origin);

}  // namespace cutract
