#pragma once

#include "kernels/simt/simt.cuh"

namespace cutract {

// Calls work(i) for the elements i of n that this thread of a one-dimensional grid owns: every (grid size)-th.
// Neighbouring threads take neighbouring elements.
template <class Work>
__device__ void each_element(Index n, Work&& work) {
  const Index stride = Index(gridDim.x) * blockDim.x;
  for (Index i = Index(blockIdx.x) * blockDim.x + threadIdx.x; i < n; i += stride) work(i);
}

}  // namespace cutract
