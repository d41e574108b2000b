#include "kernels/frontend/dct.h"
#include "kernels/simt/simt.cuh"

namespace cutract {
namespace {

constexpr int kBlock = 256;

// One thread owns one element of y. Computed in double, as on the CPU: about a thousand products per frame, which is
// little compared with the log-mel kernel.
__global__ void __launch_bounds__(kBlock) dct_kernel(DctArgs a) {
  const Index M = a.x.shape[1], C = a.y.shape[1], stride = Index(gridDim.x) * kBlock;
  for (Index i = Index(blockIdx.x) * kBlock + threadIdx.x; i < a.y.shape[0] * C; i += stride) {
    const float* x = a.x.data + i / C * M;
    const double* basis = a.basis.data + i % C * M;
    double sum = 0;
    for (Index m = 0; m < M; ++m) sum += basis[m] * x[m];
    a.y.data[i] = static_cast<float>(sum);
  }
}

}  // namespace

void dct(GpuExec& ex, const DctArgs& a) { launch(ex, "dct", dct_kernel, grid_for(a.y.size(), kBlock), kBlock, a); }

}  // namespace cutract
