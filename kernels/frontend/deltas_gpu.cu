#include "host/core/plant.h"
#include "kernels/frontend/deltas.h"
#include "kernels/simt/simt.cuh"
#include "kernels/tiles.h"

namespace cutract {
namespace {

constexpr int kBlock = 256;
constexpr Index kRows = 32;  // rows per tile

// A block processes tiles of rows of one utterance, so that the utterance's edges are looked up once. One thread owns
// one element of columns from .. from + F - 1 of y: a copy of x if from is a.first, otherwise the slope of the F
// columns before, which the previous launch has written. Computed in double, as on the CPU: the kernel is bound by
// reading.
__global__ void __launch_bounds__(kBlock, 4) deltas_kernel(DeltasArgs a, Tiles tiles, Index from, double norm) {
  const Index F = a.x.shape[1], wide = a.y.shape[1];
  for (Index tile = blockIdx.x; tile < tiles.count(); tile += gridDim.x) {
    const Index u = tiles.utterance_of(tile);
    const Tiles::Tile of = tiles.at(tile, u);
    const bool alone = !CUTRACT_PLANTED("deltas_gpu_cross_utterances");
    const Index top = alone ? start_of(tiles.starts, u, tiles.rows) : 0;
    const Index bottom = alone ? start_of(tiles.starts, u + 1, tiles.rows) : tiles.rows;
    const Index first = start_of(tiles.starts, u, tiles.rows) + of.first;
    for (Index i = threadIdx.x; i < of.rows * F; i += kBlock) {
      const Index t = first + i / F, f = i % F;
      float* y = a.y.data + t * wide + from + f;
      if (from == a.first) {
        *y = a.x.data[t * F + f];
        continue;
      }
      const float* column = a.y.data + from - F + f;
      double sum = 0;
      for (Index s = 1; s <= a.n; ++s) {
        const Index after = t + s < bottom ? t + s : bottom - 1, before = t - s > top ? t - s : top;
        sum += static_cast<double>(s) * (static_cast<double>(column[after * wide]) - column[before * wide]);
      }
      *y = static_cast<float>(sum / norm);
    }
  }
}

}  // namespace

void deltas(GpuExec& ex, const DeltasArgs& a) {
  double norm = 0;
  for (Index i = 1; i <= a.n; ++i) norm += 2 * static_cast<double>(i * i);
  const Index F = a.x.shape[1];
  const Tiles tiles{a.starts, a.x.shape[0], kRows};
  for (Index from = a.first; from <= a.first + orders_of(a) * F; from += F)
    launch(ex, "deltas", deltas_kernel, grid_for(tiles.count(), 1), kBlock, a, tiles, from, norm);
}

}  // namespace cutract
