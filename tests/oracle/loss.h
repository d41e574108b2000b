#pragma once

#include <cmath>
#include <cstddef>
#include <vector>

// Mean squared and mean absolute error and their gradients by definition, in double. Shares no code with the code under
// test.
namespace cutract::oracle {

struct Loss {
  double value = 0;
  std::vector<double> dy;
};

inline Loss mse(const std::vector<double>& y, const std::vector<double>& target) {
  Loss out{0, {}};
  const auto n = static_cast<double>(y.size());
  for (std::size_t i = 0; i < y.size(); ++i) {
    out.value += std::pow(y[i] - target[i], 2) / n;
    out.dy.push_back(2 / n * (y[i] - target[i]));
  }
  return out;
}

inline Loss mae(const std::vector<double>& y, const std::vector<double>& target) {
  Loss out{0, {}};
  const auto n = static_cast<double>(y.size());
  for (std::size_t i = 0; i < y.size(); ++i) {
    out.value += std::fabs(y[i] - target[i]) / n;
    out.dy.push_back(y[i] == target[i] ? 0 : std::copysign(1 / n, y[i] - target[i]));
  }
  return out;
}

}  // namespace cutract::oracle
