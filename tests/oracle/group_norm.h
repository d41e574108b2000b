#pragma once

#include <cmath>
#include <cstddef>
#include <vector>

// torch.nn.GroupNorm(1, C) of each utterance and its gradients, in double. Shares no code with the code under test. The
// gradient goes through those of the variance and the mean.
namespace cutract::oracle {

struct GroupNorm {
  std::vector<double> w, b;  // [C]
  double eps = 1e-5;
};

struct Moments {
  double mean = 0, variance = 0;
};
inline Moments moments_of(const std::vector<double>& x, std::size_t first, std::size_t n) {
  Moments m;
  for (std::size_t i = first; i < first + n; ++i) m.mean += x[i];
  m.mean /= static_cast<double>(n);
  for (std::size_t i = first; i < first + n; ++i) m.variance += (x[i] - m.mean) * (x[i] - m.mean);
  m.variance /= static_cast<double>(n);
  return m;
}

// x is [N, C] with the utterances one after another; returns y [N, C].
inline std::vector<double> group_norm(const GroupNorm& norm, const std::vector<int>& lengths,
                                      const std::vector<double>& x) {
  const std::size_t C = norm.w.size();
  std::vector<double> y(x.size());
  std::size_t at = 0;
  for (const int T : lengths) {
    const std::size_t n = static_cast<std::size_t>(T) * C;
    const Moments m = moments_of(x, at, n);
    for (std::size_t i = at; i < at + n; ++i)
      y[i] = (x[i] - m.mean) / std::sqrt(m.variance + norm.eps) * norm.w[i % C] + norm.b[i % C];
    at += n;
  }
  return y;
}

struct GroupNormGradient {
  std::vector<double> dx, dw, db;
};
inline GroupNormGradient group_norm_gradient(const GroupNorm& norm, const std::vector<int>& lengths,
                                             const std::vector<double>& x, const std::vector<double>& dy) {
  const std::size_t C = norm.w.size();
  GroupNormGradient g{std::vector<double>(x.size()), std::vector<double>(C), std::vector<double>(C)};
  std::size_t at = 0;
  for (const int T : lengths) {
    const std::size_t n = static_cast<std::size_t>(T) * C;
    const Moments m = moments_of(x, at, n);
    const double root = std::sqrt(m.variance + norm.eps);
    double d_variance = 0, d_mean = 0;
    for (std::size_t i = at; i < at + n; ++i) {
      const double d_normal = dy[i] * norm.w[i % C];
      d_variance -= d_normal * (x[i] - m.mean) / (2 * root * root * root);
      d_mean -= d_normal / root;
      g.dw[i % C] += dy[i] * (x[i] - m.mean) / root;
      g.db[i % C] += dy[i];
    }
    for (std::size_t i = at; i < at + n; ++i)
      g.dx[i] = dy[i] * norm.w[i % C] / root + (d_mean + d_variance * 2 * (x[i] - m.mean)) / static_cast<double>(n);
    at += n;
  }
  return g;
}

}  // namespace cutract::oracle
