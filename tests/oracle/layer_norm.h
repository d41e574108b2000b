#pragma once

#include <cmath>
#include <cstddef>
#include <vector>

// Layer normalisation from its definition, in double, and its gradient from the matrix of derivatives of each row.
// Shares no code with the code under test.
namespace cutract::oracle {

struct LayerNorm {
  std::size_t columns;
  std::vector<double> x, w, b;
  double eps = 1e-5;

  std::vector<double> normalised(std::size_t row, double* deviation = nullptr) const {
    double mean = 0, variance = 0;
    const double* at = x.data() + row * columns;
    for (std::size_t c = 0; c < columns; ++c) mean += at[c] / static_cast<double>(columns);
    for (std::size_t c = 0; c < columns; ++c) variance += std::pow(at[c] - mean, 2) / static_cast<double>(columns);
    std::vector<double> n;
    for (std::size_t c = 0; c < columns; ++c) n.push_back((at[c] - mean) / std::sqrt(variance + eps));
    if (deviation) *deviation = std::sqrt(variance + eps);
    return n;
  }
  std::size_t rows() const { return x.size() / columns; }
  std::vector<double> forward() const {
    std::vector<double> y;
    for (std::size_t row = 0; row < rows(); ++row) {
      const std::vector<double> n = normalised(row);
      for (std::size_t c = 0; c < columns; ++c) y.push_back(n[c] * w[c] + b[c]);
    }
    return y;
  }
  struct Gradients {
    std::vector<double> dx, dw, db;
  };
  // d n_c / d x_k = (delta(c, k) - 1/C - n_c n_k / C) / deviation.
  Gradients backward(const std::vector<double>& dy) const {
    Gradients out{std::vector<double>(x.size()), std::vector<double>(columns), std::vector<double>(columns)};
    for (std::size_t row = 0; row < rows(); ++row) {
      double deviation = 0;
      const std::vector<double> n = normalised(row, &deviation);
      const double* d = dy.data() + row * columns;
      for (std::size_t c = 0; c < columns; ++c) {
        out.dw[c] += d[c] * n[c];
        out.db[c] += d[c];
        for (std::size_t k = 0; k < columns; ++k) {
          const double slope = ((c == k ? 1.0 : 0.0) - (1 + n[c] * n[k]) / static_cast<double>(columns)) / deviation;
          out.dx[row * columns + k] += d[c] * w[c] * slope;
        }
      }
    }
    return out;
  }
};

}  // namespace cutract::oracle
