#include "host/corpus/gaps.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "host/core/error.h"
#include "host/core/missing.h"
#include "host/core/text.h"

namespace cutract {
namespace {

constexpr double kRounding = 0.01;  // of a row: rates that are measured on rounded times are not exact

struct Gap {
  Index first, rows;
};

// The values of one channel, in double; gaps are the runs of NaN.
std::vector<Gap> gaps_of(const std::vector<double>& x) {
  std::vector<Gap> gaps;
  const auto rows = std::ssize(x);
  for (Index t = 0; t < rows; ++t) {
    if (!std::isnan(x[static_cast<std::size_t>(t)])) continue;
    const bool continues = !gaps.empty() && gaps.back().first + gaps.back().rows == t;
    if (continues)
      ++gaps.back().rows;
    else
      gaps.push_back({t, 1});
  }
  return gaps;
}

// The natural cubic spline through the values that are not NaN, whose places are their indices. The tridiagonal system
// of the second derivatives is solved by elimination without pivots: it is diagonally dominant.
class Spline {
 public:
  explicit Spline(const std::vector<double>& x) {
    for (std::size_t t = 0; t < x.size(); ++t)
      if (!std::isnan(x[t])) knots_.push_back({static_cast<double>(t), x[t], 0});
    if (knots_.size() < 3) return;
    std::vector<double> upper(knots_.size());
    for (std::size_t i = 1; i + 1 < knots_.size(); ++i) {
      const Knot &before = knots_[i - 1], &after = knots_[i + 1];
      Knot& k = knots_[i];
      const double left = k.at - before.at, right = after.at - k.at;
      const double bend = 6 * ((after.value - k.value) / right - (k.value - before.value) / left);
      const double pivot = 2 * (left + right) - left * upper[i - 1];
      upper[i] = right / pivot;
      k.second = (bend - left * before.second) / pivot;
    }
    for (std::size_t i = knots_.size() - 2; i >= 1; --i) knots_[i].second -= upper[i] * knots_[i + 1].second;
  }
  // `t` is between the first and the last value.
  double at(double t) const {
    const auto after =
        std::upper_bound(knots_.begin() + 1, knots_.end() - 1, t, [](double v, const Knot& k) { return v < k.at; });
    const Knot &a = *(after - 1), &b = *after;
    const double width = b.at - a.at, u = (b.at - t) / width, v = (t - a.at) / width;
    return u * a.value + v * b.value + ((u * u * u - u) * a.second + (v * v * v - v) * b.second) * width * width / 6;
  }

 private:
  struct Knot {
    double at, value, second;
  };
  std::vector<Knot> knots_;
};

std::vector<double> column(const Matrix& track, Index c) {
  std::vector<double> x(static_cast<std::size_t>(track.rows));
  for (Index t = 0; t < track.rows; ++t) x[static_cast<std::size_t>(t)] = track.row(t)[c];
  return x;
}

double duration_ms(const Gap& gap, double rate_hz) { return 1000 * static_cast<double>(gap.rows) / rate_hz; }

void fill(std::vector<double>& x, const std::vector<Gap>& gaps) {
  const Spline spline(x);
  const auto rows = std::ssize(x);
  for (const Gap& gap : gaps) {
    const Index after = gap.first + gap.rows;
    for (Index t = gap.first; t < after; ++t) {
      double& v = x[static_cast<std::size_t>(t)];
      if (gap.first == 0)
        v = x[static_cast<std::size_t>(after)];
      else if (after == rows)
        v = x[static_cast<std::size_t>(gap.first - 1)];
      else
        v = spline.at(static_cast<double>(t));
    }
  }
}

}  // namespace

void GapCount::add(const GapCount& more) {
  gaps += more.gaps;
  values += more.values;
  longest_ms = std::max(longest_ms, more.longest_ms);
}

GapCount gaps_in(const Matrix& track, double rate_hz) {
  GapCount count;
  for (Index c = 0; c < track.cols; ++c)
    for (const Gap& gap : gaps_of(column(track, c))) count.add({1, gap.rows, duration_ms(gap, rate_hz)});
  return count;
}

GapCount fill_gaps(Matrix& track, double rate_hz, double most_ms) {
  GapCount count;
  for (Index c = 0; c < track.cols; ++c) {
    std::vector<double> x = column(track, c);
    std::vector<Gap> gaps = gaps_of(x);
    std::erase_if(gaps, [&](const Gap& gap) {
      return gap.rows == track.rows || duration_ms(gap, rate_hz) > most_ms + kRounding * 1000 / rate_hz;
    });
    if (gaps.empty()) continue;
    for (const Gap& gap : gaps) count.add({1, gap.rows, duration_ms(gap, rate_hz)});
    fill(x, gaps);
    for (Index t = 0; t < track.rows; ++t) track.row(t)[c] = static_cast<float>(x[static_cast<std::size_t>(t)]);
  }
  return count;
}

void expect_measurements(const Matrix& track, std::span<const std::string> channels, const std::string& path) {
  bool any = false;
  for (Index t = 0; t < track.rows; ++t)
    for (Index c = 0; c < track.cols; ++c) {
      const float v = track.row(t)[c];
      any = any || !is_missing(v);
      if (std::isinf(v))
        fail(Fault::data, fmt::format("{}: row {} of \"{}\" is {}, expected a finite number", path, t + 1,
                                      shortened(channels[static_cast<std::size_t>(c)]), v));
    }
  if (!any) fail(Fault::data, fmt::format("{}: holds no measured value; leave this recording out", path));
}

}  // namespace cutract
