#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "host/core/view.h"
#include "host/corpus/corpus.h"

namespace cutract {

// Movement predicted for one recording, in the channels' units.
struct Prediction {
  std::string audio;                  // as the user named it
  double first_s = 0, step_s = 0.01;  // centre time of row 0, and between rows
  Matrix values;                      // [T, P]
  // What the values stand for, as names and texts; in the archive and the object, not in the CSV.
  std::vector<std::pair<std::string, std::string>> about = {};
};

// Each throws Error{internal} if the number of channels is not the number of columns.

// "time_s,tt_x_mm,...", one row per frame: six digits, and never fewer than four decimals. Times have four decimals.
std::string prediction_csv(const Prediction&, std::span<const Channel>);
// The same with the recording's name in a last column "file", for several recordings in one table: the other columns
// stay where they are for a single one.
std::string prediction_csv_rows(const Prediction&, std::span<const Channel>, bool with_header);
// Arrays time_s [T] f64, values [T,P] f32, channels [P], units [P] and audio [1] text; each text of `about` [1] under
// its name.
std::string prediction_npz(const Prediction&, std::span<const Channel>);
// {"audio","first_s","step_s","frames","channels":[{"name","unit"}],"time_s":[...],"values":[[...],...]}, the texts of
// `about` after "audio": values as in the CSV, a row per frame; a value that is not finite is null.
std::string prediction_json(const Prediction&, std::span<const Channel>);
// The same object on one line (JSON Lines).
std::string prediction_json_line(const Prediction&, std::span<const Channel>);

// A text as one field of a CSV (RFC 4180). One that a spreadsheet would take for a formula gets an apostrophe in front.
std::string csv_field(const std::string& text);

}  // namespace cutract
