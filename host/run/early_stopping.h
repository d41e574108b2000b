#pragma once

#include <limits>
#include <string>

namespace cutract {

// Stops when `patience` validation checks in a row brought no improvement of more than min_delta (smaller is better),
// or at once when a check's value is not finite.
class EarlyStopping {
 public:
  EarlyStopping(int patience, double min_delta) : patience_(patience), min_delta_(min_delta) {}
  bool improved(double value);  // call once per validation check; true if this is the best so far
  bool should_stop() const { return !finite_ || (patience_ > 0 && waited_ >= patience_); }
  std::string reason() const;

  struct State {
    double best = std::numeric_limits<double>::infinity();
    int waited = 0;
  };
  State state() const { return {best_, waited_}; }

 private:
  int patience_;
  double min_delta_, best_ = std::numeric_limits<double>::infinity();
  int waited_ = 0;
  bool finite_ = true;
};

}  // namespace cutract
