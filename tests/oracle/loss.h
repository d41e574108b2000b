#pragma once

#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

// Losses and their gradients by definition, in double: correlations from plain sums instead of deviations from means. A
// target that is NaN was not measured. Shares no code with the code under test.
namespace cutract::oracle {

struct Loss {
  double value = 0;
  std::vector<double> dy;
};

// The indices of the values that were measured.
inline std::vector<std::size_t> measured(const std::vector<double>& target) {
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < target.size(); ++i)
    if (target[i] == target[i]) out.push_back(i);
  return out;
}

inline Loss mse(const std::vector<double>& y, const std::vector<double>& target) {
  Loss out{0, std::vector<double>(y.size())};
  const std::vector<std::size_t> there = measured(target);
  const auto n = static_cast<double>(there.size());
  for (const std::size_t i : there) {
    out.value += std::pow(y[i] - target[i], 2) / n;
    out.dy[i] = 2 / n * (y[i] - target[i]);
  }
  return out;
}

inline Loss mae(const std::vector<double>& y, const std::vector<double>& target) {
  Loss out{0, std::vector<double>(y.size())};
  const std::vector<std::size_t> there = measured(target);
  const auto n = static_cast<double>(there.size());
  for (const std::size_t i : there) {
    out.value += std::fabs(y[i] - target[i]) / n;
    out.dy[i] = y[i] == target[i] ? 0 : std::copysign(1 / n, y[i] - target[i]);
  }
  return out;
}

inline Loss huber(const std::vector<double>& y, const std::vector<double>& target, double delta) {
  Loss out{0, std::vector<double>(y.size())};
  const std::vector<std::size_t> there = measured(target);
  const auto n = static_cast<double>(there.size());
  for (const std::size_t i : there) {
    const double e = y[i] - target[i];
    const bool square = std::fabs(e) <= delta;
    out.value += (square ? 0.5 * e * e : delta * std::fabs(e) - 0.5 * delta * delta) / n;
    out.dy[i] = (square ? e : std::copysign(delta, e)) / n;
  }
  return out;
}

// What a loss adds for the measured frames of one channel of an utterance: the sum of its values, how many there are,
// and its slope at each of the frames.
struct OfSeries {
  double value = 0, count = 0;
  std::vector<double> slope;
};

// The mean of `of` over all utterances of these lengths and all P channels of [frames, P]. `of` gets the numbers of the
// measured frames, and the prediction and target there.
template <class F>
Loss mean_over_series(const std::vector<double>& y, const std::vector<double>& target, const std::vector<int>& lengths,
                      std::size_t P, F of) {
  Loss out{0, std::vector<double>(y.size())};
  double count = 0;
  std::size_t first = 0;
  for (const int length : lengths) {
    const auto end = first + static_cast<std::size_t>(length);
    for (std::size_t p = 0; p < P; ++p) {
      std::vector<std::size_t> frame;
      std::vector<double> a, b;
      for (std::size_t t = first; t < end; ++t) {
        if (!(target[t * P + p] == target[t * P + p])) continue;
        frame.push_back(t);
        a.push_back(y[t * P + p]);
        b.push_back(target[t * P + p]);
      }
      if (frame.empty()) continue;
      const OfSeries one = of(frame, a, b);
      out.value += one.value;
      count += one.count;
      for (std::size_t i = 0; i < frame.size(); ++i) out.dy[frame[i] * P + p] = one.slope[i];
    }
    first = end;
  }
  if (count == 0) return out;
  out.value /= count;
  for (double& slope : out.dy) slope /= count;
  return out;
}

struct Sums {
  double n = 0, y = 0, x = 0, yy = 0, xx = 0, xy = 0;
  Sums(const std::vector<double>& a, const std::vector<double>& b) {
    for (std::size_t t = 0; t < a.size(); ++t) {
      n += 1;
      y += a[t];
      x += b[t];
      yy += a[t] * a[t];
      xx += b[t] * b[t];
      xy += a[t] * b[t];
    }
  }
};

inline Loss pearson(const std::vector<double>& y, const std::vector<double>& target, const std::vector<int>& lengths,
                    std::size_t P) {
  return mean_over_series(y, target, lengths, P, [](const auto&, const auto& a, const auto& b) {
    const Sums s(a, b);
    const double own = s.n * s.yy - s.y * s.y, other = s.n * s.xx - s.x * s.x;
    const double r = (s.n * s.xy - s.x * s.y) / std::sqrt(own * other);
    OfSeries out{1 - r, 1, {}};
    for (std::size_t t = 0; t < a.size(); ++t)
      out.slope.push_back(r * (s.n * a[t] - s.y) / own - (s.n * b[t] - s.x) / std::sqrt(own * other));
    return out;
  });
}

inline Loss ccc(const std::vector<double>& y, const std::vector<double>& target, const std::vector<int>& lengths,
                std::size_t P) {
  return mean_over_series(y, target, lengths, P, [](const auto&, const auto& a, const auto& b) {
    const Sums s(a, b);
    const double above = 2 * (s.n * s.xy - s.x * s.y);
    const double below = s.n * s.yy - s.y * s.y + s.n * s.xx - s.x * s.x + (s.y - s.x) * (s.y - s.x);
    OfSeries out{1 - above / below, 1, {}};
    for (std::size_t t = 0; t < a.size(); ++t) {
      const double d_above = 2 * (s.n * b[t] - s.x), d_below = 2 * s.n * a[t] - 2 * s.x;
      out.slope.push_back(-(d_above * below - above * d_below) / (below * below));
    }
    return out;
  });
}

inline Loss velocity(const std::vector<double>& y, const std::vector<double>& target, const std::vector<int>& lengths,
                     std::size_t P) {
  return mean_over_series(y, target, lengths, P, [](const auto& frame, const auto& a, const auto& b) {
    OfSeries out{0, 0, std::vector<double>(a.size())};
    for (std::size_t t = 1; t < a.size(); ++t) {
      if (frame[t] != frame[t - 1] + 1) continue;
      out.count += 1;
      const double d = (a[t] - a[t - 1]) - (b[t] - b[t - 1]);
      out.value += d * d;
      out.slope[t] += 2 * d;
      out.slope[t - 1] -= 2 * d;
    }
    return out;
  });
}

inline Loss weighted_sum(const std::vector<std::pair<double, Loss>>& terms) {
  Loss out{0, std::vector<double>(terms.front().second.dy.size())};
  for (const auto& [weight, term] : terms) {
    out.value += weight * term.value;
    for (std::size_t i = 0; i < out.dy.size(); ++i) out.dy[i] += weight * term.dy[i];
  }
  return out;
}

}  // namespace cutract::oracle
