#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/core/view.h"

namespace cutract {

// How the track of one recording is stored.
struct TrackFormat {
  std::string time = "time";          // the column, or the array of an archive, with the time of each row
  bool needs_times = true;            // false: rows have a rate, unless there is such a column
  std::vector<std::string> channels;  // which columns of a table to take; for arrays: the names of all columns
  std::string array;                  // of a .npz archive; "": its only one
};

struct TableTrack {
  std::vector<std::string> channels;
  std::vector<double> times;  // as written in the file; empty without a time column
  Matrix values;              // [rows, channels]
};

// Reads .csv, .tsv, .npy or .npz, by the ending of `path`. Every number is finite. Throws Error{data} with the place in
// the file, and Error{io} if it cannot be read. The memory is at most 8 bytes for each byte of the file, and 1 MiB.
TableTrack read_table_track(const std::string& path, const TrackFormat&);
TableTrack parse_table_track(std::string_view bytes, const std::string& path, const TrackFormat&);

struct TimeRules {
  double scale = 1;               // seconds per unit of the time column
  bool from_first = false;        // times count from the first row
  std::optional<double> rate_hz;  // what the user asked for
  double lowpass_hz = 0;          // 0: none
};

// A track on the grid of a corpus: row k at k / rate.
struct EvenTrack {
  double rate_hz = 0;
  Matrix values;
  bool shortened = false;  // rows after the end of the audio were left out
};

// Brings a track to the rate of the corpus: the user's, otherwise `corpus_hz`, which an earlier track decided (0: none
// did), otherwise its own. Where times differ from the grid by more than 1 % of a frame, values are interpolated
// linearly. Throws Error{data} if rows are missing, times do not increase, or the track does not fit audio of `audio_s`
// seconds within 20 ms or one frame; rows after the audio's end are left out if the file says their times.
EvenTrack even_track(TableTrack, const TimeRules&, double corpus_hz, double audio_s, const std::string& path);

}  // namespace cutract
