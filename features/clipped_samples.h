#pragma once

#include <span>

#include "host/core/view.h"

namespace cutract {

// Counts the clipped samples of a recording in two passes over its blocks, in order: those in runs of at least three at
// the same extreme value, as flat tops have, and those at full scale.
class ClippedSamples {
 public:
  void find_extremes(std::span<const float> block);  // first pass
  double peak() const;                               // largest magnitude; 0 without samples
  bool audible() const;  // below this level, 16-bit steps make neighbours equal, and nothing is to be counted
  void count(std::span<const float> block);  // second pass
  Index total() const;

 private:
  Index of_run() const;
  bool any_ = false;
  float low_ = 0, high_ = 0;
  float value_ = 0;
  Index run_ = 0;  // samples of this value up to here
  Index clipped_ = 0;
};

}  // namespace cutract
