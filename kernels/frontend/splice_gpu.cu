#include "host/core/plant.h"
#include "kernels/frontend/splice.h"
#include "kernels/simt/simt.cuh"
#include "kernels/tiles.h"

namespace cutract {
namespace {

constexpr int kBlock = 256;
constexpr Index kRows = 16;  // rows per tile

// A block processes tiles of rows of one utterance, so that the utterance's edges are looked up once. One thread owns
// one element of y.
__global__ void __launch_bounds__(kBlock) splice_kernel(SpliceArgs a, Tiles tiles, Index F, Index n) {
  const Index wide = a.y.shape[1];
  for (Index tile = blockIdx.x; tile < tiles.count(); tile += gridDim.x) {
    const Index u = tiles.utterance_of(tile);
    const Tiles::Tile of = tiles.at(tile, u);
    const Index top = start_of(tiles.starts, CUTRACT_PLANTED("splice_gpu_cross_utterances") ? 0 : u, tiles.rows);
    const Index last = start_of(tiles.starts, u + 1, tiles.rows) - 1;
    const Index first = start_of(tiles.starts, u, tiles.rows) + of.first;
    for (Index i = threadIdx.x; i < of.rows * wide; i += kBlock) {
      const Index t = first + i / wide, column = i % wide, from = t + column / F - n;
      a.y.data[t * wide + column] = a.x.data[(from < top ? top : from < last ? from : last) * F + column % F];
    }
  }
}

}  // namespace

void splice(GpuExec& ex, const SpliceArgs& a) {
  const Index F = a.x.shape[1];
  const Tiles tiles{a.starts, a.x.shape[0], kRows};
  launch(ex, "splice", splice_kernel, grid_for(tiles.count(), 1), kBlock, a, tiles, F, a.y.shape[1] / F / 2);
}

}  // namespace cutract
