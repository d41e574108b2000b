#include "host/core/plant.h"
#include "kernels/normalise.h"
#include "kernels/simt/simt.cuh"

namespace cutract {
namespace {

constexpr int kBlock = 256;
constexpr unsigned kBlocksPerUtterance = 16;

// The blocks along y share one utterance and take its elements in turn.
__global__ void __launch_bounds__(kBlock) normalise_kernel(NormaliseArgs a) {
  const Index u = blockIdx.x, C = a.mean.shape[1];
  const Index group = CUTRACT_PLANTED("normalises_by_the_first_group") ? 0 : a.group.data[u];
  const double *mean = a.mean.row(group), *std = a.std.row(group);
  float* rows = a.rows.data[u];
  for (Index i = Index(blockIdx.y) * kBlock + threadIdx.x; i < a.frames.data[u] * C; i += Index(gridDim.y) * kBlock)
    rows[i] = static_cast<float>((static_cast<double>(rows[i]) - mean[i % C]) / std[i % C]);
}

}  // namespace

void normalise(GpuExec& ex, const NormaliseArgs& a) {
  launch(ex, "normalise", normalise_kernel,
         Geometry{{static_cast<unsigned>(a.rows.shape[0]), kBlocksPerUtterance}, {kBlock}}, a);
}

}  // namespace cutract
