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
  // Names and texts that describe how the values were made; in the archive and the object, not in the CSV.
  std::vector<std::pair<std::string, std::string>> about = {};
};

// Each of these throws Error{internal} if the number of channels is not the number of columns.

// Returns "time_s,tt_x_mm,...", one row per frame, with six digits and at least four decimals. Times have four
// decimals.
std::string prediction_csv(const Prediction&, std::span<const Channel>);
// The same with the recording's name in a last column "file", for several recordings in one table: the other columns
// keep their places.
std::string prediction_csv_rows(const Prediction&, std::span<const Channel>, bool with_header);
// Returns an archive of the arrays time_s [T] f64, values [T,P] f32, channels [P], units [P] and audio [1] text; each
// text of `about` is an array [1] under its name.
std::string prediction_npz(const Prediction&, std::span<const Channel>);
// Returns {"audio","first_s","step_s","frames","channels":[{"name","unit"}],"time_s":[...],"values":[[...],...]}, with
// the texts of `about` after "audio". Values are as in the CSV, one row per frame; a value that is not finite is null.
std::string prediction_json(const Prediction&, std::span<const Channel>);
// Returns the same object on one line (JSON Lines).
std::string prediction_json_line(const Prediction&, std::span<const Channel>);

// Returns an archive of the arrays time_s [T] f64, predicted and measured [T,P] f32, channels [P], units [P] and id [1]
// text, for one utterance, whose id is in `audio`; the texts of `about` are as above. Missing values are NaN.
std::string movement_npz(const Prediction&, const Matrix& measured, std::span<const Channel>);

// Returns a text as one field of a CSV (RFC 4180). A text that a spreadsheet would treat as a formula gets a leading
// apostrophe.
std::string csv_field(const std::string& text);

}  // namespace cutract
