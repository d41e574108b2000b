#include "features/clipped_samples.h"

#include <algorithm>
#include <cmath>

namespace cutract {

void ClippedSamples::find_extremes(std::span<const float> block) {
  if (block.empty()) return;
  const auto [least, most] = std::minmax_element(block.begin(), block.end());
  low_ = any_ ? std::min(low_, *least) : *least;
  high_ = any_ ? std::max(high_, *most) : *most;
  any_ = true;
}

double ClippedSamples::peak() const {
  return std::max(std::abs(static_cast<double>(low_)), std::abs(static_cast<double>(high_)));
}

bool ClippedSamples::audible() const {
  constexpr double kAudible = 0.05;
  return any_ && peak() >= kAudible;
}

Index ClippedSamples::of_run() const {
  constexpr Index kRun = 3;
  constexpr float kAtFullScale = 0.9999f;
  const bool flat = (value_ == low_ || value_ == high_) && run_ >= kRun;
  return flat || std::abs(value_) >= kAtFullScale ? run_ : 0;
}

void ClippedSamples::count(std::span<const float> block) {
  for (const float v : block) {
    if (v == value_) {
      ++run_;
      continue;
    }
    clipped_ += of_run();
    value_ = v;
    run_ = 1;
  }
}

Index ClippedSamples::total() const { return clipped_ + of_run(); }

}  // namespace cutract
