#include "kernels/optim/next_batch.h"
#include "kernels/simt/simt.cuh"

namespace cutract {
namespace {

constexpr int kBlock = 256;

// One thread owns one utterance.
__global__ void __launch_bounds__(kBlock) next_batch_kernel(NextBatchArgs a) {
  const Index b = Index(blockIdx.x) * kBlock + threadIdx.x;
  if (b < a.offset.shape[0]) next_batch_utterance(a, b);
}

}  // namespace

void next_batch(GpuExec& ex, const NextBatchArgs& a) {
  launch(ex, "next_batch", next_batch_kernel, grid_for(a.offset.shape[0], kBlock), kBlock, a);
}

}  // namespace cutract
