#pragma once

#include <string>
#include <string_view>

#include "host/io/stored_track.h"

namespace cutract {

// The first bytes of an SSFF file.
inline constexpr std::string_view kSsffMagic = "SSFF -- (c) SHLRC";

// Parses a track in the Simple Signal File Format of EMU: a text header with the byte order (Machine), Record_Freq,
// Start_Time and columns, a line of dashes, and records. A column of several numbers becomes the channels NAME_1,
// NAME_2. Throws Error{data}, naming `origin`, for anything else, and if header and data do not agree. The memory is at
// most 8 bytes for each byte of the file, and 1 MiB.
StoredTrack parse_ssff(std::string_view bytes, const std::string& origin);

}  // namespace cutract
