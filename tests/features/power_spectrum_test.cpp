#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "kernels/frontend/mel_fft.h"
#include "kernels/isa.h"
#include "tests/oracle/mel.h"
#include "tests/support/support.h"

namespace cutract {
namespace {

using Signals = std::vector<std::vector<double>>;

template <Isa I>
CUTRACT_INLINE void transform_body(const PowerSpectrum& spectrum, double* x, double* power) {
  spectrum.run<I>(reinterpret_cast<Doubles<I>*>(x), reinterpret_cast<Doubles<I>*>(power));
}
CUTRACT_PER_ISA(transform, (const PowerSpectrum& spectrum, double* x, double* power), (spectrum, x, power))

// The spectra of x, computed side by side.
Signals spectra_of(const Signals& x) {
  const std::size_t n = x[0].size(), lanes = x.size();
  std::vector<double> roots;
  for (std::size_t i = 0; i < n; ++i) {
    const double angle = 2 * std::acos(-1.0) * static_cast<double>(i) / static_cast<double>(n);
    roots.push_back(std::cos(angle));
    roots.push_back(-std::sin(angle));
  }
  const PowerSpectrum spectrum(static_cast<Index>(n), roots.data());
  const std::size_t work = static_cast<std::size_t>(spectrum.work()), bins = static_cast<std::size_t>(spectrum.bins());
  std::vector<Line> memory((work + bins) * lanes / 8 + 1);
  double *in = memory[0].values, *power = in + work * lanes;
  for (std::size_t l = 0; l < lanes; ++l) {
    for (std::size_t i = 0; i < n; ++i) in[i * lanes + l] = x[l][i];
    for (std::size_t k = 0; k < bins; ++k) power[k * lanes + l] = std::nan("");
  }
  transform(spectrum, in, power);
  Signals out(lanes);
  for (std::size_t l = 0; l < lanes; ++l)
    for (std::size_t k = 0; k < bins; ++k) out[l].push_back(power[k * lanes + l]);
  return out;
}

// Every small length, including primes and their products; then common lengths.
TEST(PowerSpectrum, MatchesTheDefinitionAtAnyLength) {
  std::vector<int> lengths;
  for (int n = 1; n <= 66; ++n) lengths.push_back(n);
  for (const int n : {97, 121, 128, 194, 240, 256, 400, 480, 511, 512, 513, 600, 1024, 1102, 2048})
    lengths.push_back(n);
  test::Rng rng(3);
  for (const int n : lengths) {
    Signals x(signals_abreast(cpu_isa()));
    for (auto& signal : x)
      for (int i = 0; i < n; ++i) signal.push_back(rng.normal());
    const Signals power = spectra_of(x);
    for (std::size_t l = 0; l < x.size(); ++l)
      EXPECT_REL_L2(power[l], oracle::power_spectrum(x[l], n), 1e-13) << "n = " << n << ", lane " << l;
  }
}

// The bins of a pure tone other than its own are 0 except for rounding: 300 dB below.
TEST(PowerSpectrum, LeaksNothingIntoOtherBins) {
  for (const int n : {400, 512}) {
    std::vector<double> x;
    for (int i = 0; i < n; ++i) x.push_back(std::cos(2 * std::acos(-1.0) * (37 * i % n) / n));
    const auto power = spectra_of(Signals(signals_abreast(cpu_isa()), x)).back();
    for (std::size_t k = 0; k < power.size(); ++k) {
      if (k == 37)
        EXPECT_NEAR(power[k], n * n / 4.0, 1e-8);
      else
        EXPECT_LT(power[k], 1e-30 * n * n * n) << "n = " << n << ", bin " << k;
    }
  }
}

}  // namespace
}  // namespace cutract
