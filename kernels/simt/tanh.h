#pragma once

#include "kernels/simt/numbers.h"

namespace cutract::simt {

// tanh by the special function unit (PTX tanh.approx.f32, sm_75), with a relative error of at most 2^-11. The emulator
// rounds to 10 bits of mantissa, which gives the same bound.
#ifdef __CUDACC__
__device__ __forceinline__ float tanh_approximate(float x) {
  float y;
  asm("tanh.approx.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}
#else
inline float tanh_approximate(float x) { return std::bit_cast<float>(tf32_bits(std::tanh(x))); }
#endif

}  // namespace cutract::simt
