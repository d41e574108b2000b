#pragma once

#include "kernels/simt/simt.cuh"

namespace cutract {

// The sum over the threads of a block, by a tree of fixed shape, so every run gives the same bits. All kBlock threads
// (a power of two, along x) call it and receive the sum; `part` is shared memory for kBlock doubles.
template <int kBlock>
__device__ double block_sum(double mine, double* part) {
  const int thread = static_cast<int>(threadIdx.x);
  part[thread] = mine;
  __syncthreads();
  for (int half = kBlock / 2; half > 0; half /= 2) {
    if (thread < half) part[thread] += part[thread + half];
    __syncthreads();
  }
  return part[0];
}

}  // namespace cutract
