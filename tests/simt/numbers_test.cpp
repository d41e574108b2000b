#include "kernels/simt/numbers.h"

#include <cmath>
#include <limits>

#include "tests/support/support.h"

namespace cutract::test {
namespace {

// The nearest number with `bits` fraction bits and an exponent of at least `least`, ties to even; in double.
double nearest(double v, int bits, int least) {
  if (v == 0 || !std::isfinite(v)) return v;
  const double step = std::ldexp(1.0, std::max(std::ilogb(v), least) - bits);
  return std::nearbyint(v / step) * step;
}

TEST(Numbers, RoundToTheNearest) {
  Rng rng(91);
  for (int i = 0; i < 200'000; ++i) {
    const float v = static_cast<float>(rng.normal() * std::ldexp(1.0, rng.below(44) - 28));
    ASSERT_EQ(simt::bf16_low(simt::bf16_bits(v)), nearest(double{v}, 7, -126)) << v;
    if (std::abs(v) < 65504) { ASSERT_EQ(simt::half_value(simt::half_bits(v)), nearest(double{v}, 10, -14)) << v; }
    ASSERT_NEAR(std::bit_cast<float>(simt::tf32_bits(v)), v, std::ldexp(std::abs(v), -11)) << v;
  }
}

TEST(Numbers, TiesGoToEven) {
  EXPECT_EQ(simt::bf16_bits(1.00390625f), 0x3f80u);  // half a step above 1
  EXPECT_EQ(simt::bf16_bits(1.01171875f), 0x3f82u);
  EXPECT_EQ(simt::half_bits(1.00048828125f), 0x3c00u);
  EXPECT_EQ(simt::half_bits(1.00146484375f), 0x3c02u);
}

TEST(Numbers, EveryHalfSurvives) {
  for (std::uint32_t h = 0; h < 0x10000; ++h) {
    const float v = simt::half_value(h);
    if ((h & 0x7fffu) > 0x7c00u)
      ASSERT_TRUE(std::isnan(v)) << h;
    else
      ASSERT_EQ(simt::half_bits(v), h);
  }
}

TEST(Numbers, TheEndsOfTheRange) {
  const float inf = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(simt::half_bits(65519.0f), 0x7bffu);
  EXPECT_EQ(simt::half_bits(65520.0f), 0x7c00u);
  EXPECT_EQ(simt::half_bits(-inf), 0xfc00u);
  EXPECT_EQ(simt::half_bits(1e-8f), 0u);
  EXPECT_EQ(simt::half_bits(-0.0f), 0x8000u);
  EXPECT_TRUE(std::isnan(simt::half_value(simt::half_bits(nan))));
  EXPECT_TRUE(std::isnan(simt::bf16_low(simt::bf16_bits(nan))));
  EXPECT_TRUE(std::isnan(std::bit_cast<float>(simt::tf32_bits(nan))));
  EXPECT_EQ(simt::bf16_bits(inf), 0x7f80u);
  EXPECT_EQ(simt::bf16_bits(std::numeric_limits<float>::max()), 0x7f80u);
  EXPECT_EQ(simt::pack_bf16(1.0f, -2.0f), 0xc0003f80u);
  EXPECT_EQ(simt::bf16_high(0xc0003f80u), -2.0f);
  EXPECT_EQ(simt::pack_half(1.0f, -2.0f), 0xc0003c00u);
  EXPECT_EQ(simt::half_high(0xc0003c00u), -2.0f);
  EXPECT_EQ(simt::half_low(0xc0003c00u), 1.0f);
}

}  // namespace
}  // namespace cutract::test
