#pragma once

#include <bit>
#include <cstdint>
#include <limits>

#include "host/core/philox.h"  // CUTRACT_HD

// Scalar functions without branches or library calls, so that loops over them vectorise. They are accurate to a few
// units in the last place; tests/kernels/math_test.cpp checks this against double.
namespace cutract {

// Range reduction for e^x: x = n ln 2 + r with |r| <= ln(2)/2. Holds 2^n and e^r - 1. For x in [-87, 88].
struct Exponential {
  float power, rest;
  CUTRACT_HD explicit Exponential(float x) {
    constexpr float kRound = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer in the low bits
    const float shifted = x * 1.44269504f + kRound, n = shifted - kRound;
    const float r = (x - n * 0.693359375f) - n * -2.12194440e-4f;  // ln 2 in two parts; the first is exact in 10 bits
    // Minimax polynomial of this degree for the relative error of e^r - 1.
    float p = 1.38825167e-3f;
    p = p * r + 8.36654752e-3f;
    p = p * r + 4.16672006e-2f;
    p = p * r + 1.66665435e-1f;
    p = p * r + 0.49999997f;
    rest = p * r * r + r;
    power = std::bit_cast<float>((std::bit_cast<std::uint32_t>(shifted) << 23) + 0x3f800000u);
  }
  // e^x - 1, with full relative accuracy near 0.
  CUTRACT_HD float minus_1() const { return power * rest + (power - 1.0f); }
  CUTRACT_HD float plus_1() const { return power * rest + power + 1.0f; }
};

// e^x for x <= 0, and exactly 0 where it would be below 1.7e-38. NaN stays NaN.
CUTRACT_HD inline float exp_negative(float x) {
  const Exponential e(x < -87.0f ? -87.0f : x);
  return x < -87.0f ? 0.0f : e.power * e.rest + e.power;
}

CUTRACT_HD inline float sigmoid(float x) {
  return 1.0f / Exponential(x < -88.0f ? 88.0f : x > 87.0f ? -87.0f : -x).plus_1();
}

// The distribution function of the standard normal distribution, and its density. The tail beyond |x| is e^(-x^2 / 2) t
// p(t) with t = 1 / (1 + 0.35 |x|) and a polynomial p fitted to the relative error, which stays below 3.2e-8; far from
// 0 the rounding of x^2 dominates.
struct Normal {
  float below, density;  // of x
  CUTRACT_HD explicit Normal(float x) {
    const float away = x < 0 ? -x : x, bell = exp_negative(-0.5f * x * x), t = 1.0f / (1.0f + 0.35f * away);
    float p = -0.0291088858f;
    p = p * t + 0.143788001f;
    p = p * t - 0.255326813f;
    p = p * t + 0.158721488f;
    p = p * t - 0.0227903888f;
    p = p * t + 0.105369045f;
    p = p * t + 0.119869126f;
    p = p * t + 0.139856699f;
    p = p * t + 0.139621712f;
    const float tail = bell * (p * t);
    below = x < 0 ? tail : 1.0f - tail;
    density = 0.39894228f * bell;
  }
};

CUTRACT_HD inline float tanh_fast(float x) {
  const float e = Exponential(x < -20.0f ? -40.0f : x > 20.0f ? 40.0f : 2.0f * x).minus_1();
  return e / (e + 2.0f);
}

// ln x = n ln 2 + ln m with x = 2^n m and m in [1/sqrt 2, sqrt 2). ln m is the series of 2 artanh((m - 1) / (m + 1)),
// whose argument is at most 0.1716; the first omitted term is below 6e-11 of the sum. NaN and infinity are returned
// unchanged. 0 and subnormal numbers give the logarithm of about 2^-1023. Not valid for x < 0.
CUTRACT_HD inline double log_fast(double x) {
  const std::uint64_t bits = std::bit_cast<std::uint64_t>(x);
  constexpr std::uint64_t kRootHalf = 0x3fe6a09e667f3bcd;
  // n is extracted from the bits of 2^52 + n + 1023, which avoids an integer conversion.
  const std::uint64_t lifted = bits - kRootHalf + 0x3ff0000000000000;
  const double n = std::bit_cast<double>((lifted >> 52) | 0x4330000000000000) - (0x1p52 + 1023);
  const double m = std::bit_cast<double>((lifted & 0x000fffffffffffff) + kRootHalf);
  const double s = (m - 1) / (m + 1), q = s * s;
  double p = 2.0 / 11;
  p = p * q + 2.0 / 9;
  p = p * q + 2.0 / 7;
  p = p * q + 2.0 / 5;
  p = p * q + 2.0 / 3;
  const double y = n * 0.6931471805599453 + (2 * s + s * q * p);
  return x < std::numeric_limits<double>::infinity() ? y : x;
}

}  // namespace cutract
