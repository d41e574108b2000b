#pragma once

#include <cmath>

#include "host/core/philox.h"  // CUTRACT_HD

namespace cutract {

// A compensated sum (Neumaier 1974): it keeps what plain addition rounds away, so the accuracy of a mean does not
// depend on the number of terms.
class CompensatedSum {
 public:
  CUTRACT_HD void add(double v) {
    const double next = sum_ + v;
    lost_ += std::fabs(sum_) >= std::fabs(v) ? (sum_ - next) + v : (v - next) + sum_;
    sum_ = next;
  }
  CUTRACT_HD double value() const { return std::isfinite(sum_) ? sum_ + lost_ : sum_; }

 private:
  double sum_ = 0, lost_ = 0;
};

}  // namespace cutract
