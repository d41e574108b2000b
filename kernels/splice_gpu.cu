#include "kernels/simt/simt.cuh"
#include "kernels/splice.h"

namespace cutract {
namespace {

constexpr int kBlock = 256;

// One thread owns one element of y.
__global__ void __launch_bounds__(kBlock) splice_kernel(SpliceArgs a, Index F, Index n) {
  const Index T = a.x.shape[0], wide = a.y.shape[1], stride = Index(gridDim.x) * kBlock;
  for (Index i = Index(blockIdx.x) * kBlock + threadIdx.x; i < T * wide; i += stride) {
    const Index t = i / wide, column = i % wide, from = t + column / F - n;
    a.y.data[i] = a.x.data[(from < 0 ? 0 : from < T ? from : T - 1) * F + column % F];
  }
}

}  // namespace

void splice(GpuExec& ex, const SpliceArgs& a) {
  const Index F = a.x.shape[1];
  launch(ex, "splice", splice_kernel, grid_for(a.y.size(), kBlock), kBlock, a, F, a.y.shape[1] / F / 2);
}

}  // namespace cutract
