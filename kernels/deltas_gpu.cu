#include "kernels/deltas.h"
#include "kernels/simt/simt.cuh"

namespace cutract {
namespace {

constexpr int kBlock = 256;

// One thread owns one element of columns from .. from + F - 1 of y: x itself if from is 0, else the slopes of the F
// columns before, which the launch before has written. Double, as on the CPU: reading is what takes the time.
__global__ void __launch_bounds__(kBlock) deltas_kernel(DeltasArgs a, Index from, double norm) {
  const Index T = a.x.shape[0], F = a.x.shape[1], wide = a.y.shape[1], stride = Index(gridDim.x) * kBlock;
  for (Index i = Index(blockIdx.x) * kBlock + threadIdx.x; i < T * F; i += stride) {
    const Index t = i / F;
    float* y = a.y.data + t * wide + from + i % F;
    if (from == 0) {
      *y = a.x.data[i];
      continue;
    }
    const float* column = a.y.data + from - F + i % F;
    double sum = 0;
    for (Index s = 1; s <= a.n; ++s) {
      const Index after = t + s < T ? t + s : T - 1, before = t > s ? t - s : 0;
      sum += static_cast<double>(s) * (static_cast<double>(column[after * wide]) - column[before * wide]);
    }
    *y = static_cast<float>(sum / norm);
  }
}

}  // namespace

void deltas(GpuExec& ex, const DeltasArgs& a) {
  double norm = 0;
  for (Index i = 1; i <= a.n; ++i) norm += 2 * static_cast<double>(i * i);
  const Index F = a.x.shape[1];
  for (Index from = 0; from < a.y.shape[1]; from += F)
    launch(ex, "deltas", deltas_kernel, grid_for(a.x.size(), kBlock), kBlock, a, from, norm);
}

}  // namespace cutract
