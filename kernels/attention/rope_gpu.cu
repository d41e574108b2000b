#include "host/core/plant.h"
#include "kernels/attention/rope.h"
#include "kernels/simt/simt.cuh"

namespace cutract {
namespace {

constexpr int kBlock = 128;
constexpr unsigned kBlocksPerUtterance = 32;

// The blocks along y share an utterance. A thread owns one pair of columns of one frame in all heads, both of the
// queries and of the keys, so it computes its angle once.
__global__ void __launch_bounds__(kBlock) rope_kernel(RopeArgs a, Index A, Index K) {
  const int b = static_cast<int>(blockIdx.x);
  const Index half = K / 2, first = a.ragged.offset.data[b], work = a.ragged.length.data[b] * half;
  for (Index at = Index(blockIdx.y) * kBlock + threadIdx.x; at < work; at += Index(gridDim.y) * kBlock) {
    const Index t = at / half, i = at % half;
    const RopeTurn turn(t, i, K, a.inverse != CUTRACT_PLANTED("gpu_rope_turns_back"));
    float* low = a.qkv.data + (first + t) * 3 * A * K + i;
    for (Index head = 0; head < 2 * A; ++head, low += K) {
      const float x = low[0], y = low[half];
      low[0] = x * turn.cos - y * turn.sin;
      low[half] = y * turn.cos + x * turn.sin;
    }
  }
}

}  // namespace

void rope(GpuExec& ex, const RopeArgs& a) {
  const Geometry g{{static_cast<unsigned>(a.ragged.utterances), kBlocksPerUtterance}, {kBlock}};
  launch(ex, "rope", rope_kernel, g, a, a.qkv.shape[2], a.qkv.shape[3]);
}

}  // namespace cutract
