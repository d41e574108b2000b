#include "host/core/plant.h"
#include "kernels/gather.h"
#include "kernels/simt/simt.cuh"

namespace cutract {
namespace {

constexpr int kBlock = 256;
constexpr unsigned kBlocksPerUtterance = 16;

// The blocks along y share one utterance and take its elements in turn; those of the last utterance also zero the rows
// after it. The source may be host memory: neighbouring threads read neighbouring floats, so that data crosses the bus
// in whole lines.
__global__ void __launch_bounds__(kBlock) gather_kernel(GatherArgs a) {
  const int b = static_cast<int>(blockIdx.x);
  const Index C = a.out.shape[1], filled = a.ragged.length.data[b] * C;
  const bool last = b + 1 == a.ragged.utterances && !CUTRACT_PLANTED("gather_leaves_rows_behind");
  const Index rows = last ? a.ragged.frames - a.ragged.offset.data[b] : a.ragged.length.data[b];
  const float* from = a.source.data[a.uid.data[b]];
  float* to = a.out.row(a.ragged.offset.data[b]);
  for (Index i = Index(blockIdx.y) * kBlock + threadIdx.x; i < rows * C; i += Index(gridDim.y) * kBlock)
    to[i] = i < filled ? from[i] : 0.0f;
}

}  // namespace

void gather(GpuExec& ex, const GatherArgs& a) {
  launch(ex, "gather", gather_kernel,
         Geometry{{static_cast<unsigned>(a.ragged.utterances), kBlocksPerUtterance}, {kBlock}}, a);
}

}  // namespace cutract
