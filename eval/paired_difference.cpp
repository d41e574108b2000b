#include <algorithm>
#include <cmath>
#include <numeric>

#include "eval/comparison.h"
#include "host/core/error.h"
#include "host/core/philox.h"
#include "host/core/plant.h"

namespace cutract {
namespace {

double mean_of(std::span<const double> v) {
  return std::accumulate(v.begin(), v.end(), 0.0) / static_cast<double>(v.size());
}

// Interpolated between the values whose ranks are nearest, as by numpy.percentile.
double percentile(std::vector<double>& values, double percent) {
  const double at = percent / 100 * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::ptrdiff_t>(at);
  std::nth_element(values.begin(), values.begin() + below, values.end());
  const double low = values[static_cast<std::size_t>(below)];
  if (below + 1 == std::ssize(values)) return low;
  return low + (at - static_cast<double>(below)) * (*std::min_element(values.begin() + below + 1, values.end()) - low);
}

Interval bootstrap(std::span<const double> d, const Resampling& how) {
  PhiloxStream random(derive_key(static_cast<std::uint64_t>(how.seed), d.size(), name_hash("bootstrap")));
  std::vector<double> means(static_cast<std::size_t>(how.samples));
  for (double& mean : means) {
    double sum = 0;
    for (std::size_t i = 0; i < d.size(); ++i) sum += d[random.below(d.size())];
    mean = sum / static_cast<double>(d.size());
  }
  const double low = percentile(means, 2.5);
  return {low, percentile(means, 97.5)};
}

// Whether a sample's sum is at least as far from 0 as the observed one. Rounding must not decide between equal sums.
bool as_far(double sum, double observed) {
  if (CUTRACT_PLANTED("one_sided_p")) return sum >= observed;
  return std::abs(sum) >= std::abs(observed) * (1 - 1e-12);
}

double exact_p(std::span<const double> d, double observed) {
  const std::uint64_t ways = std::uint64_t{1} << d.size();
  std::uint64_t far = 0;
  for (std::uint64_t swapped = 0; swapped < ways; ++swapped) {
    double sum = 0;
    for (std::size_t i = 0; i < d.size(); ++i) sum += swapped >> i & 1 ? -d[i] : d[i];
    far += as_far(sum, observed) ? 1 : 0;
  }
  return static_cast<double>(far) / static_cast<double>(ways);
}

double permutation_p(std::span<const double> d, const Resampling& how) {
  const double observed = std::accumulate(d.begin(), d.end(), 0.0);
  if (d.size() < 31 && (std::int64_t{1} << d.size()) <= how.samples) return exact_p(d, observed);
  PhiloxStream random(derive_key(static_cast<std::uint64_t>(how.seed), d.size(), name_hash("permutation")));
  std::int64_t far = 0;
  for (int s = 0; s < how.samples; ++s) {
    double sum = 0;
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < d.size(); ++i) {
      if (i % 32 == 0) bits = random.next();
      sum += bits >> i % 32 & 1 ? -d[i] : d[i];
    }
    far += as_far(sum, observed) ? 1 : 0;
  }
  return static_cast<double>(1 + far) / static_cast<double>(1 + how.samples);
}

}  // namespace

PairedDifference paired_difference(std::span<const double> d, const Resampling& how) {
  if (d.empty()) fail(Fault::internal, "paired_difference: no pair, expected at least one");
  return {mean_of(d), bootstrap(d, how), permutation_p(d, how)};
}

}  // namespace cutract
