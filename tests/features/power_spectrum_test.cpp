#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "kernels/clones.h"
#include "kernels/mel_fft.h"
#include "tests/oracle/mel.h"
#include "tests/support/support.h"

namespace cutract {
namespace {

using Spectra = std::vector<std::vector<double>>;  // one for each lane

CUTRACT_CLONES void transform(const PowerSpectrum& spectrum, PowerSpectrum::Work& work, Lanes* power) {
  spectrum(work, power);
}

// Signals x [kLanes][n], one in each lane.
Spectra spectra_of(const Spectra& x) {
  const Index n = static_cast<Index>(x[0].size());
  std::vector<double> roots;
  for (Index i = 0; i < n; ++i) {
    const double angle = 2 * std::acos(-1.0) * static_cast<double>(i) / static_cast<double>(n);
    roots.push_back(std::cos(angle)), roots.push_back(-std::sin(angle));
  }
  const PowerSpectrum spectrum(n, roots.data());
  PowerSpectrum::Work work(spectrum);
  for (Index l = 0; l < kLanes; ++l)
    for (Index i = 0; i < n; ++i) work.signal()[i][l] = x[l][i];
  std::vector<RealLanes> power(static_cast<std::size_t>(spectrum.bins()), RealLanes{Lanes{} + std::nan("")});
  transform(spectrum, work, &power[0].value);
  Spectra out(kLanes);
  for (Index l = 0; l < kLanes; ++l)
    for (const RealLanes& bin : power) out[l].push_back(bin.value[l]);
  return out;
}

// Every small length, primes and their products; then the lengths people use.
TEST(PowerSpectrum, MatchesTheDefinitionAtAnyLength) {
  std::vector<int> lengths;
  for (int n = 1; n <= 66; ++n) lengths.push_back(n);
  for (const int n : {97, 121, 128, 194, 240, 256, 400, 480, 511, 512, 513, 600, 1024, 1102, 2048})
    lengths.push_back(n);
  test::Rng rng(3);
  for (const int n : lengths) {
    Spectra x(kLanes);
    for (auto& signal : x)
      for (int i = 0; i < n; ++i) signal.push_back(rng.normal());
    const Spectra power = spectra_of(x);
    for (Index l = 0; l < kLanes; ++l)
      EXPECT_REL_L2(power[l], oracle::power_spectrum(x[l], n), 1e-13) << "n = " << n << ", lane " << l;
  }
}

// The bins of a pure tone beside its own are 0 but for rounding: 300 dB below.
TEST(PowerSpectrum, LeaksNothingIntoOtherBins) {
  for (const int n : {400, 512}) {
    std::vector<double> x;
    for (int i = 0; i < n; ++i) x.push_back(std::cos(2 * std::acos(-1.0) * (37 * i % n) / n));
    const auto power = spectra_of(Spectra(kLanes, x))[kLanes - 1];
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
