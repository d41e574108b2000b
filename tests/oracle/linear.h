#pragma once

#include <cstddef>
#include <vector>

// y = x w^T + b and its gradients, scalar by scalar in double. Shares no code with the code under test.
namespace cutract::oracle {

struct Linear {
  std::size_t I = 0, O = 0;
  std::vector<double> w;  // [O, I]
  std::vector<double> b;  // [O]
};

// x is [N, I]; returns y [N, O].
inline std::vector<double> linear(const Linear& l, const std::vector<double>& x) {
  const std::size_t N = x.size() / l.I;
  std::vector<double> y(N * l.O);
  for (std::size_t n = 0; n < N; ++n)
    for (std::size_t o = 0; o < l.O; ++o) {
      double sum = l.b[o];
      for (std::size_t i = 0; i < l.I; ++i) sum += l.w[o * l.I + i] * x[n * l.I + i];
      y[n * l.O + o] = sum;
    }
  return y;
}

struct LinearGradient {
  std::vector<double> dx, dw, db;
};

inline LinearGradient linear_gradient(const Linear& l, const std::vector<double>& x, const std::vector<double>& dy) {
  const std::size_t N = x.size() / l.I;
  LinearGradient g{std::vector<double>(x.size()), std::vector<double>(l.w.size()), std::vector<double>(l.O)};
  for (std::size_t n = 0; n < N; ++n)
    for (std::size_t o = 0; o < l.O; ++o) {
      const double d = dy[n * l.O + o];
      g.db[o] += d;
      for (std::size_t i = 0; i < l.I; ++i) {
        g.dw[o * l.I + i] += d * x[n * l.I + i];
        g.dx[n * l.I + i] += d * l.w[o * l.I + i];
      }
    }
  return g;
}

}  // namespace cutract::oracle
