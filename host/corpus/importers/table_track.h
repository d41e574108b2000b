#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/io/stored_track.h"

namespace cutract {

// How the track of one recording is stored.
struct TrackFormat {
  std::string time = "time";          // the column, or the array of an archive, with the time of each row
  bool needs_times = true;            // false: rows have a rate, unless there is such a column
  std::vector<std::string> channels;  // which columns of a table to take; for arrays: the names of all columns
  std::string array;                  // of a .npz archive; "": its only one
};

// Reads .csv, .tsv, .npy or .npz, by the ending of `path`. Missing values are NaN, and other numbers are finite. Throws
// Error{data} with the place in the file, and Error{io} if it cannot be read. The memory is at most 8 bytes for each
// byte of the file, and 1 MiB.
StoredTrack read_table_track(const std::string& path, const TrackFormat&);
StoredTrack parse_table_track(std::string_view bytes, const std::string& path, const TrackFormat&);

}  // namespace cutract
