#pragma once

#include <span>
#include <string>

#include "host/core/view.h"
#include "host/corpus/corpus.h"

namespace cutract {

// Movement predicted for one recording, in the channels' units.
struct Prediction {
  std::string audio;        // as the user named it
  double first_s = 0, step_s = 0.01;  // centre time of row 0, and between rows
  Matrix values;            // [T, P]
};

// csv: "time_s,tt_x_mm,..." one row per frame. npz: time_s, values [T,P], channels, units. json: one object.
std::string prediction_csv(const Prediction&, std::span<const Channel>);
std::string prediction_npz(const Prediction&, std::span<const Channel>);
std::string prediction_json(const Prediction&, std::span<const Channel>);

}  // namespace cutract
