#include "kernels/dct.h"
#include "kernels/simt/simt.cuh"

namespace cutract {
namespace {

constexpr int kBlock = 256;

// One thread owns one element of y and sums in the order of the CPU file.
__global__ void __launch_bounds__(kBlock) dct_kernel(DctArgs a, Index n, Index M, Index C) {
  const Index stride = Index(gridDim.x) * kBlock;
  for (Index at = Index(blockIdx.x) * kBlock + threadIdx.x; at < n; at += stride) {
    const float* x = a.x.data + at / C * M;
    const double* basis = a.basis.data + at % C * M;
    double sum = 0;
    for (Index m = 0; m < M; ++m) sum += basis[m] * static_cast<double>(x[m]);
    a.y.data[at] = static_cast<float>(sum);
  }
}

}  // namespace

void dct(GpuExec& ex, const DctArgs& a) {
  launch(ex, "dct", dct_kernel, grid_for(a.y.size(), kBlock), kBlock, a, a.y.size(), a.x.shape[1], a.y.shape[1]);
}

}  // namespace cutract
