#include "host/io/audio.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "host/core/error.h"
#include "tests/support/support.h"

namespace cutract {
namespace {

TEST(Resample, LengthsAreExact) {
  for (const auto& [from, to] :
       {std::pair{48000, 16000}, {44100, 16000}, {16000, 48000}, {22050, 16000}, {8000, 16000}})
    for (int n = 0; n < 700; n += n < 20 ? 1 : 53) {
      const std::size_t want = static_cast<std::size_t>(std::ceil(static_cast<double>(n) * to / from - 1e-9));
      EXPECT_EQ(resample(std::vector<float>(static_cast<std::size_t>(n), 1.0f), from, to).size(), want)
          << n << " " << from;
    }
  const std::vector<float> x = {1, 2, 3};
  EXPECT_EQ(resample(x, 16000, 16000), x);
  EXPECT_FAULT(resample(x, 0, 16000), Fault::internal, "expected both above 0");
}

// Compared with the result of the Python package soxr for the same samples.
TEST(Resample, EqualsTheGolden) {
  const TensorFile g = test::golden("resampling.safetensors");
  for (const int rate : {48000, 44100}) {
    const std::string name = std::to_string(rate);
    const auto in = g.at("in_" + name, "golden").as_f64(), want = g.at("out_" + name, "golden").as_f64();
    EXPECT_REL_L2(resample(std::vector<float>(in.begin(), in.end()), rate, 16000), want, 1e-6);
  }
}

// A tone below both Nyquist rates is the same tone at the other rate; one between them is gone.
TEST(Resample, ToneIsKeptOrRemoved) {
  const auto tone = [](double hz, int rate, int n) {
    std::vector<float> x(static_cast<std::size_t>(n));
    for (int i = 0; i < n; ++i)
      x[static_cast<std::size_t>(i)] = static_cast<float>(std::sin(2 * std::numbers::pi * hz * i / rate));
    return x;
  };
  const auto middle = [](const std::vector<float>& x) { return std::vector<float>(x.begin() + 2000, x.end() - 2000); };
  for (const int from : {48000, 44100}) {
    EXPECT_REL_L2(middle(resample(tone(1000, from, from), from, 16000)), middle(tone(1000, 16000, 16000)), 1e-5);
    double power = 0;
    for (const float v : middle(resample(tone(9500, from, from), from, 16000))) power += double{v} * v;
    EXPECT_LT(std::sqrt(power / 12000), 1e-5);
  }
}

}  // namespace
}  // namespace cutract
