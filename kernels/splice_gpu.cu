#include "kernels/simt/simt.cuh"
#include "kernels/splice.h"

namespace cutract {
namespace {

constexpr int kBlock = 256;

// One thread owns one element of y.
__global__ void __launch_bounds__(kBlock) splice_kernel(SpliceArgs a, Index T, Index F, Index n) {
  const Index stride = Index(gridDim.x) * kBlock, width = F * (2 * n + 1);
  for (Index at = Index(blockIdx.x) * kBlock + threadIdx.x; at < T * width; at += stride) {
    Index row = at / width + at % width / F - n;
    row = row < 0 ? 0 : row > T - 1 ? T - 1 : row;
    a.y.data[at] = a.x.data[row * F + at % F];
  }
}

}  // namespace

void splice(GpuExec& ex, const SpliceArgs& a) {
  const Index T = a.x.shape[0], F = a.x.shape[1];
  launch(ex, "splice", splice_kernel, grid_for(a.y.size(), kBlock), kBlock, a, T, F, a.y.shape[1] / F / 2);
}

}  // namespace cutract
