#include <gtest/gtest.h>

#include <vector>

#include "kernels/mel_fft.h"
#include "tests/oracle/mel.h"
#include "tests/support/support.h"

namespace cutract {
namespace {

std::vector<double> spectrum_of(const std::vector<double>& x) {
  const PowerSpectrum spectrum(static_cast<Index>(x.size()));
  PowerSpectrum::Work work(spectrum);
  std::vector<double> power(static_cast<std::size_t>(spectrum.bins()), std::nan(""));
  spectrum(x.data(), power.data(), work);
  return power;
}

// Every small length, primes and their products; then the lengths people use.
TEST(PowerSpectrum, MatchesTheDefinitionAtAnyLength) {
  std::vector<int> lengths;
  for (int n = 1; n <= 66; ++n) lengths.push_back(n);
  for (const int n : {97, 121, 128, 194, 240, 256, 400, 480, 511, 512, 513, 600, 1024, 1102, 2048})
    lengths.push_back(n);
  test::Rng rng(3);
  for (const int n : lengths) {
    std::vector<double> x;
    for (int i = 0; i < n; ++i) x.push_back(rng.normal());
    EXPECT_REL_L2(spectrum_of(x), oracle::power_spectrum(x, n), 1e-13) << "n = " << n;
  }
}

// The bins of a pure tone beside its own are 0 but for rounding: 300 dB below.
TEST(PowerSpectrum, LeaksNothingIntoOtherBins) {
  for (const int n : {400, 512}) {
    std::vector<double> x;
    for (int i = 0; i < n; ++i) x.push_back(std::cos(2 * std::acos(-1.0) * (37 * i % n) / n));
    const auto power = spectrum_of(x);
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
