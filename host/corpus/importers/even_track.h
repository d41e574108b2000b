#pragma once

#include <optional>
#include <string>

#include "host/corpus/gaps.h"
#include "host/io/stored_track.h"

namespace cutract {

struct TimeRules {
  double scale = 1;               // seconds per unit of the times
  bool from_first = false;        // times count from the first row
  std::optional<double> rate_hz;  // what the user asked for
  double lowpass_hz = 0;          // 0: none
  double fill_gaps_ms = kFilledGap_ms;
  // By how much the ends of track and audio may differ beyond 20 ms or one frame: the end of the longer one is cut off.
  // Without it, only rows whose times are after the end of the audio are cut off, however many.
  std::optional<double> trim_s = {};
  // What a message suggests where times look wrong.
  std::string unit_hint = "; check --time-unit (s or ms)";
  std::string start_hint = "; if the audio starts with the first row, use --time-from-first";
};

// A track on the grid of a corpus: row k at k / rate.
struct EvenTrack {
  double rate_hz = 0;
  Matrix values;
  double audio_s = 0;             // how much of the audio to keep
  double cut_ms = 0;              // how much of the track was left out: rows after the end of the audio
  GapCount gaps = {}, left = {};  // of missing values: filled, and too long to be filled
};

// Brings a track to the rate of the corpus: the user's, otherwise `corpus_hz`, which an earlier track decided (0: none
// did), otherwise its own. Rows after the end of the audio are cut off first, then short gaps of missing values are
// filled and the track is smoothed at its own rate. Where times differ from the grid by more than 1 % of a frame,
// values are then interpolated linearly. Throws Error{data} if rows are missing, times do not increase, nothing is
// measured, or the track does not fit audio of `audio_s` seconds.
EvenTrack even_track(StoredTrack, const TimeRules&, double corpus_hz, double audio_s, const std::string& path);

}  // namespace cutract
