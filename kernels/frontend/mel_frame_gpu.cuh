#pragma once

#include "kernels/simt/simt.cuh"

// A frame of speech before its transform, processed by one warp.
namespace cutract {

struct Frame {
  const float* samples;  // [size] in shared memory
  const float* window;   // [size]
  int size;
  float preemphasis;
  bool remove_dc;
  __device__ bool plain() const { return preemphasis == 0 && !remove_dc; }
};

// Zeroed bins after the spectrum, for filters whose weights are padded with zeros.
constexpr int kSilentBins = 3;
__device__ inline void put_silent_bins(float* beyond, int lane) {
  if (lane < kSilentBins) beyond[lane] = 0;
}

__device__ inline float warp_sum(float v) {
  for (int by = 16; by > 0; by /= 2) v += __shfl_xor_sync(0xffffffffu, v, by);
  return v;
}
__device__ inline float warp_max(float v) {
  for (int by = 16; by > 0; by /= 2) v = fmaxf(v, __shfl_xor_sync(0xffffffffu, v, by));
  return v;
}

}  // namespace cutract
