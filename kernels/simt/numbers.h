#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

#include "host/core/philox.h"  // CUTRACT_HD

// 16-bit floats packed in words as the matrix units take them: two per register, the lower half first.
namespace cutract::simt {

// bfloat16, rounded to nearest even; NaN stays NaN.
CUTRACT_HD inline std::uint32_t bf16_bits(float v) {
  const std::uint32_t u = std::bit_cast<std::uint32_t>(v);
  if ((u & 0x7fffffffu) > 0x7f800000u) return 0x7fffu;
  return (u + 0x7fffu + (u >> 16 & 1u)) >> 16;
}
CUTRACT_HD inline std::uint32_t pack_bf16(float low, float high) {
#ifdef __CUDA_ARCH__  // one instruction with the same result, bit for bit
  std::uint32_t out;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(out) : "f"(high), "f"(low));
  return out;
#else
  return bf16_bits(low) | bf16_bits(high) << 16;
#endif
}
CUTRACT_HD inline float bf16_low(std::uint32_t v) { return std::bit_cast<float>(v << 16); }
CUTRACT_HD inline float bf16_high(std::uint32_t v) { return std::bit_cast<float>(v & 0xffff0000u); }

// IEEE half, rounded to nearest even.
CUTRACT_HD inline std::uint32_t half_bits(float v) {
  const std::uint32_t u = std::bit_cast<std::uint32_t>(v), sign = u >> 16 & 0x8000u, a = u & 0x7fffffffu;
  if (a > 0x7f800000u) return 0x7fffu;
  if (a >= 0x477ff000u) return sign | 0x7c00u;  // 65520 and above round to infinity
  if (a < 0x38800000u)                          // subnormal: adding 0.5 leaves a multiple of 2^-24 in the low bits
    return sign | (std::bit_cast<std::uint32_t>(std::bit_cast<float>(a) + 0.5f) - 0x3f000000u);
  return sign | ((a + 0xfffu + (a >> 13 & 1u)) - 0x38000000u) >> 13;
}
CUTRACT_HD inline float half_value(std::uint32_t h) {
  const std::uint32_t sign = (h & 0x8000u) << 16, a = (h & 0x7fffu) << 13;
  if (a >= 0x0f800000u) return std::bit_cast<float>(sign | 0x7f800000u | (a & 0x007fffffu));
  const float magnitude = std::bit_cast<float>(a) * 0x1p112f;  // subnormals become normal
  return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(magnitude));
}
CUTRACT_HD inline std::uint32_t pack_half(float low, float high) { return half_bits(low) | half_bits(high) << 16; }
CUTRACT_HD inline float half_low(std::uint32_t v) { return half_value(v & 0xffffu); }
CUTRACT_HD inline float half_high(std::uint32_t v) { return half_value(v >> 16); }

// tf32: 10 bits of mantissa in a 32-bit word, rounded to nearest, ties away from zero (cvt.rna.tf32.f32).
CUTRACT_HD inline std::uint32_t tf32_bits(float v) {
  const std::uint32_t u = std::bit_cast<std::uint32_t>(v);
  return (u & 0x7f800000u) == 0x7f800000u ? u : (u + 0x1000u) & 0xffffe000u;
}

}  // namespace cutract::simt
