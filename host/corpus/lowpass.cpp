#include "host/corpus/lowpass.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "host/core/error.h"
#include "host/core/missing.h"

namespace cutract {
namespace {

// y[n] = b0 x[n] + b1 x[n-1] + b2 x[n-2] - a1 y[n-1] - a2 y[n-2], with gain 1 at 0 Hz.
struct Section {
  double b0, b1, b2, a1, a2;
};

// Maps the poles of the analogue filter by the bilinear transform, with the cutoff prewarped.
std::vector<Section> butterworth(double rate_hz, double cutoff_hz, int order) {
  if (order < 1 || !(cutoff_hz > 0) || !(cutoff_hz < rate_hz / 2))
    fail(Fault::internal,
         fmt::format("lowpass: order {} at {} Hz of {} Hz, expected order >= 1 and a cutoff below half the rate", order,
                     cutoff_hz, rate_hz));
  const double k = std::tan(std::numbers::pi * cutoff_hz / rate_hz);
  std::vector<Section> sections;
  if (order % 2 == 1) sections.push_back({k / (1 + k), k / (1 + k), 0, (k - 1) / (k + 1), 0});
  for (int i = 0; i < order / 2; ++i) {
    const double damping = 2 * std::sin(std::numbers::pi * (2 * i + 1) / (2 * order)) * k;
    const double a0 = 1 + damping + k * k;
    sections.push_back({k * k / a0, 2 * k * k / a0, k * k / a0, 2 * (k * k - 1) / a0, (1 - damping + k * k) / a0});
  }
  return sections;
}

// Filters in place, in transposed direct form II. The states start as if the first value had been constant before.
void run(const Section& s, std::span<double> x) {
  double z2 = (s.b2 - s.a2) * x[0], z1 = (s.b1 - s.a1) * x[0] + z2;
  for (double& v : x) {
    const double y = s.b0 * v + z1;
    z1 = s.b1 * v - s.a1 * y + z2;
    z2 = s.b2 * v - s.a2 * y;
    v = y;
  }
}

}  // namespace

void lowpass_zero_phase(std::span<double> column, double rate_hz, double cutoff_hz, int order) {
  const std::vector<Section> sections = butterworth(rate_hz, cutoff_hz, order);
  if (column.size() < 2) return;
  const std::size_t n = column.size(), pad = std::min<std::size_t>(3 * (static_cast<std::size_t>(order) + 1), n - 1);
  std::vector<double> x(n + 2 * pad);  // each end continued by its mirror image, rotated about the end point
  for (std::size_t i = 0; i < pad; ++i) {
    x[i] = 2 * column[0] - column[pad - i];
    x[pad + n + i] = 2 * column[n - 1] - column[n - 2 - i];
  }
  std::copy(column.begin(), column.end(), x.begin() + static_cast<Index>(pad));
  for (int pass = 0; pass < 2; ++pass) {
    for (const Section& s : sections) run(s, x);
    std::reverse(x.begin(), x.end());
  }
  std::copy_n(x.begin() + static_cast<Index>(pad), n, column.begin());
}

void lowpass_zero_phase(View<float, 2> rows, double rate_hz, double cutoff_hz, int order) {
  const Index T = rows.shape[0];
  std::vector<double> run;
  for (Index c = 0; c < rows.shape[1]; ++c)
    for (Index first = 0; first < T;) {
      run.clear();
      for (Index t = first; t < T && !is_missing(rows.row(t)[c]); ++t) run.push_back(rows.row(t)[c]);
      const auto n = std::ssize(run);
      if (n > 0) lowpass_zero_phase(run, rate_hz, cutoff_hz, order);
      for (Index i = 0; i < n; ++i) rows.row(first + i)[c] = static_cast<float>(run[static_cast<std::size_t>(i)]);
      first += std::max<Index>(n, 1);
    }
}

}  // namespace cutract
