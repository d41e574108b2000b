#include "kernels/deltas.h"
#include "kernels/simt/simt.cuh"

namespace cutract {
namespace {

constexpr int kBlock = 256;

// One thread owns one (row, column) of the F columns from `from` on: the first are a copy of x, the others the slopes
// of the F columns before them, which an earlier launch has written.
__global__ void __launch_bounds__(kBlock) deltas_kernel(DeltasArgs a, Index T, Index F, Index from, double norm) {
  const Index stride = Index(gridDim.x) * kBlock, width = a.y.shape[1];
  for (Index at = Index(blockIdx.x) * kBlock + threadIdx.x; at < T * F; at += stride) {
    const Index t = at / F, f = from + at % F;
    if (from == 0) {
      a.y.data[t * width + f] = a.x.data[at];
      continue;
    }
    double sum = 0;
    for (Index i = 1; i <= a.n; ++i) {
      const Index after = t + i < T ? t + i : T - 1, before = t - i > 0 ? t - i : 0;
      sum += static_cast<double>(i) * (static_cast<double>(a.y.data[after * width + f - F]) -
                                       static_cast<double>(a.y.data[before * width + f - F]));
    }
    a.y.data[t * width + f] = static_cast<float>(sum / norm);
  }
}

}  // namespace

void deltas(GpuExec& ex, const DeltasArgs& a) {
  const Index T = a.x.shape[0], F = a.x.shape[1];
  double norm = 0;
  for (Index i = 1; i <= a.n; ++i) norm += 2 * static_cast<double>(i * i);
  for (Index from = 0; from < a.y.shape[1]; from += F)
    launch(ex, "deltas", deltas_kernel, grid_for(T * F, kBlock), kBlock, a, T, F, from, norm);
}

}  // namespace cutract
