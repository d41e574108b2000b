#pragma once

#include <bit>
#include <cstdint>

#include "host/core/philox.h"  // CUTRACT_HD

// Scalar maths without branches or library calls, so that a loop over it vectorises. Accurate to a few units in the
// last place; tests/kernels/math_test.cpp measures it against double.
namespace cutract {

// e^x - 1 = 2^n (e^r - 1) + (2^n - 1) with |r| <= ln(2)/2: keeps full relative accuracy near 0. Saturates outside [-87,
// 88].
CUTRACT_HD inline float expm1_fast(float x) {
  x = x < -87.0f ? -87.0f : x > 88.0f ? 88.0f : x;
  constexpr float kRound = 12582912.0f;  // 1.5 * 2^23: adding it rounds to a whole number in the low bits
  const float shifted = x * 1.44269504f + kRound, n = shifted - kRound;
  const float r = (x - n * 0.693359375f) - n * -2.12194440e-4f;  // ln 2 in two parts, the first exact in 10 bits
  // Taylor to r^8: the next term is below 2^-34 of the first.
  float p = 1.0f / 40320.0f;
  p = p * r + 1.0f / 5040.0f;
  p = p * r + 1.0f / 720.0f;
  p = p * r + 1.0f / 120.0f;
  p = p * r + 1.0f / 24.0f;
  p = p * r + 1.0f / 6.0f;
  p = p * r + 0.5f;
  p = p * r * r + r;
  const float scale = std::bit_cast<float>((static_cast<std::int32_t>(n) + 127) << 23);
  return scale * p + (scale - 1.0f);
}

CUTRACT_HD inline float sigmoid(float x) { return 1.0f / (2.0f + expm1_fast(-x)); }

CUTRACT_HD inline float tanh_fast(float x) {
  x = x < -20.0f ? -20.0f : x > 20.0f ? 20.0f : x;
  const float e = expm1_fast(2.0f * x);
  return e / (e + 2.0f);
}

}  // namespace cutract
