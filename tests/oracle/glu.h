#pragma once

#include <cmath>
#include <cstddef>
#include <vector>

// The gated linear unit of Dauphin et al. 2017 and its gradient, in double. Shares no code with the code under test.
namespace cutract::oracle {

// x is [N, 2C]; returns y [N, C].
inline std::vector<double> glu(const std::vector<double>& x, std::size_t C) {
  std::vector<double> y;
  for (std::size_t at = 0; at < x.size(); at += 2 * C)
    for (std::size_t c = 0; c < C; ++c) y.push_back(x[at + c] / (1 + std::exp(-x[at + C + c])));
  return y;
}

// dy is [N, C]; returns dx [N, 2C]. The slope of the sigmoid is written as 1 / (2 + e^g + e^-g).
inline std::vector<double> glu_gradient(const std::vector<double>& x, const std::vector<double>& dy, std::size_t C) {
  std::vector<double> dx(x.size());
  for (std::size_t n = 0; n < dy.size() / C; ++n)
    for (std::size_t c = 0; c < C; ++c) {
      const double value = x[2 * n * C + c], gate = x[2 * n * C + C + c], d = dy[n * C + c];
      dx[2 * n * C + c] = d / (1 + std::exp(-gate));
      dx[2 * n * C + C + c] = d * value / (2 + std::exp(gate) + std::exp(-gate));
    }
  return dx;
}

}  // namespace cutract::oracle
