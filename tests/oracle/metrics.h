#pragma once

#include <cmath>
#include <cstddef>
#include <optional>
#include <vector>

// Means, deviations and scores of one sequence, by their textbook definitions in long double. Shares no code with the
// code under test.
namespace cutract::oracle {

using Sequence = std::vector<long double>;

inline long double mean(const Sequence& x) {
  long double sum = 0;
  for (const long double v : x) sum += v;
  return sum / static_cast<long double>(x.size());
}

inline long double population_std(const Sequence& x) {
  const long double m = mean(x);
  Sequence squares;
  for (const long double v : x) squares.push_back((v - m) * (v - m));
  return std::sqrt(mean(squares));
}

inline long double rmse(const Sequence& a, const Sequence& b) {
  Sequence squares;
  for (std::size_t i = 0; i < a.size(); ++i) squares.push_back((a[i] - b[i]) * (a[i] - b[i]));
  return std::sqrt(mean(squares));
}

inline long double mae(const Sequence& a, const Sequence& b) {
  Sequence magnitudes;
  for (std::size_t i = 0; i < a.size(); ++i) magnitudes.push_back(std::abs(a[i] - b[i]));
  return mean(magnitudes);
}

inline bool constant(const Sequence& x) {
  for (const long double v : x) {
    if (v != x.front()) return false;
  }
  return true;
}

// Empty if undefined: fewer than two values, or a constant sequence.
inline std::optional<long double> pearson(const Sequence& a, const Sequence& b) {
  if (a.size() < 2 || constant(a) || constant(b)) return std::nullopt;
  const long double ma = mean(a), mb = mean(b);
  long double ab = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    ab += (a[i] - ma) * (b[i] - mb);
    aa += (a[i] - ma) * (a[i] - ma);
    bb += (b[i] - mb) * (b[i] - mb);
  }
  return ab / std::sqrt(aa) / std::sqrt(bb);
}

}  // namespace cutract::oracle
