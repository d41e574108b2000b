#include "kernels/block_sum.cuh"
#include "kernels/group_norm.h"
#include "kernels/simt/simt.cuh"

namespace cutract {
namespace {

constexpr int kBlock = 256;
constexpr int kColumns = 64, kFrames = 4;  // of a block that computes a tile
constexpr Index kRows = 64;                // of a tile, which has a partial sum

// The sum over the threads of a block, which all of them receive; `part` can be used again at once.
__device__ double sum_of_block(double mine, double* part) {
  const double sum = block_sum<kBlock>(mine, part);
  __syncthreads();
  return sum;
}

// Forward moves 12 bytes an element, as it reads x twice, and backward 20; the time is not measured on a GPU yet.

// One block owns the sums of a tile, whose values are neighbours in memory: thread k adds values k, k + 256, ... in
// order, and a tree adds the threads' sums.
__global__ void __launch_bounds__(kBlock) group_norm_sums_kernel(GroupNormArgs a, RaggedTiles tiles, double* sums) {
  __shared__ double part[kBlock];
  const RaggedTiles::Tile tile = tiles.at(blockIdx.x);
  GroupNormSums mine;
  if (tile.rows > 0 && !tile.behind) {
    const float* x = a.x.row(tile.start + tile.first);
    const double pivot = static_cast<double>(group_norm_pivot(a.x, tile.start));
    const Index n = tile.rows * a.x.shape[1];
    for (Index i = threadIdx.x; i < n; i += kBlock) mine.add(static_cast<double>(x[i]) - pivot);
  }
  const double drift = sum_of_block(mine.drift, part), square = sum_of_block(mine.square, part);
  if (threadIdx.x == 0) {
    sums[2 * Index(blockIdx.x)] = drift;
    sums[2 * Index(blockIdx.x) + 1] = square;
  }
}

// One block owns the statistics of an utterance: thread k adds tiles k, k + 256, ... in order, and a tree adds the
// threads' sums.
__global__ void __launch_bounds__(kBlock)
    group_norm_stats_kernel(GroupNormArgs a, RaggedTiles tiles, const double* sums) {
  __shared__ double part[kBlock];
  const Index u = blockIdx.x;
  const GroupNormSpan span = group_norm_span(tiles, u, a.x.shape[1]);
  GroupNormSums all;
  for (Index tile = span.first + threadIdx.x; tile < span.last; tile += kBlock) {
    all.drift += sums[2 * tile];
    all.square += sums[2 * tile + 1];
  }
  all.drift = sum_of_block(all.drift, part);
  all.square = sum_of_block(all.square, part);
  if (threadIdx.x == 0)
    set_group_norm_stats(all, span.values, group_norm_pivot(a.x, tiles.start(u)), a.eps, a.stats.row(u));
}

// Calls work(n, c) for the elements of a tile that this thread of a block of 64 x 4 owns: those of every 64th column
// and every fourth row.
template <class Work>
__device__ void each_of_tile(const RaggedTiles::Tile& tile, Index C, Work&& work) {
  for (Index c = threadIdx.x; c < C; c += kColumns)
    for (Index t = threadIdx.y; t < tile.rows; t += kFrames) work(tile.start + tile.first + t, c);
}

// A block owns a tile.
__global__ void __launch_bounds__(kColumns* kFrames) group_norm_kernel(GroupNormArgs a, RaggedTiles tiles) {
  const RaggedTiles::Tile tile = tiles.at(blockIdx.x);
  const GroupNormStats stats = tile.behind ? GroupNormStats{} : group_norm_stats(a.stats, tile.utterance);
  each_of_tile(tile, a.x.shape[1], [&](Index n, Index c) {
    a.y.row(n)[c] = tile.behind ? 0.0f : group_norm_normal(a.x.row(n)[c], stats) * a.w.data[c] + a.b.data[c];
  });
}

// One thread owns one column of a tile (blockIdx.x), added in order. sums [tiles, 2, C]: of dy n, and of dy.
__global__ void __launch_bounds__(kBlock)
    group_norm_products_kernel(GroupNormBackwardArgs a, RaggedTiles tiles, double* sums) {
  const Index C = a.x.shape[1], c = Index(blockIdx.y) * kBlock + threadIdx.x;
  if (c >= C) return;
  const RaggedTiles::Tile tile = tiles.at(blockIdx.x);
  const GroupNormStats stats = tile.behind ? GroupNormStats{} : group_norm_stats(a.stats, tile.utterance);
  const Index rows = tile.behind ? 0 : tile.rows;
  double dw = 0, db = 0;
  for (Index t = 0; t < rows; ++t) {
    const Index n = tile.start + tile.first + t;
    const float dy = a.dy.row(n)[c];
    dw += static_cast<double>(dy * group_norm_normal(a.x.row(n)[c], stats));
    db += static_cast<double>(dy);
  }
  double* own = sums + Index(blockIdx.x) * 2 * C;
  own[c] = dw;
  own[C + c] = db;
}

// One block owns the means of an utterance: thread k adds columns k, k + 256, ... tile by tile, and a tree adds the
// threads' sums.
__global__ void __launch_bounds__(kBlock)
    group_norm_means_kernel(GroupNormBackwardArgs a, RaggedTiles tiles, const double* sums, GroupNormMeans* means) {
  __shared__ double part[kBlock];
  const Index u = blockIdx.x, C = a.x.shape[1];
  const GroupNormSpan span = group_norm_span(tiles, u, C);
  double g = 0, gn = 0;
  for (Index tile = span.first; tile < span.last; ++tile)
    for (Index c = threadIdx.x; c < C; c += kBlock) {
      const double w = static_cast<double>(a.w.data[c]);
      gn += sums[tile * 2 * C + c] * w;
      g += sums[tile * 2 * C + C + c] * w;
    }
  g = sum_of_block(g, part);
  gn = sum_of_block(gn, part);
  if (threadIdx.x == 0) means[u] = group_norm_means(g, gn, span.values);
}

// One thread owns one element of dw or db and adds the sums of the tiles in order.
__global__ void __launch_bounds__(kBlock)
    group_norm_add_kernel(GroupNormBackwardArgs a, const double* sums, Index tiles) {
  const Index C = a.x.shape[1], c = Index(blockIdx.x) * kBlock + threadIdx.x;
  if (c >= 2 * C) return;
  double sum = 0;
  for (Index tile = 0; tile < tiles; ++tile) sum += sums[tile * 2 * C + c];
  (c < C ? a.dw.data[c] : a.db.data[c - C]) += static_cast<float>(sum);
}

// A block owns a tile. An element of dy is read before dx is written there, so dx may be dy.
__global__ void __launch_bounds__(kColumns* kFrames)
    group_norm_backward_kernel(GroupNormBackwardArgs a, RaggedTiles tiles, const GroupNormMeans* means) {
  const RaggedTiles::Tile tile = tiles.at(blockIdx.x);
  const GroupNormStats stats = tile.behind ? GroupNormStats{} : group_norm_stats(a.stats, tile.utterance);
  const GroupNormMeans own = tile.behind ? GroupNormMeans{} : means[tile.utterance];
  each_of_tile(tile, a.x.shape[1], [&](Index n, Index c) {
    if (tile.behind) {
      a.dx.row(n)[c] = 0;
      return;
    }
    const float g = a.dy.row(n)[c] * a.w.data[c];
    a.dx.row(n)[c] = group_norm_slope(g, group_norm_normal(a.x.row(n)[c], stats), own, stats.scale);
  });
}

}  // namespace

void group_norm(GpuExec& ex, const GroupNormArgs& a) {
  constexpr const char* kOp = "group_norm";
  const RaggedTiles tiles{a.ragged, kRows};
  const auto blocks = static_cast<unsigned>(tiles.count());
  double* sums = ex.workspace(2 * tiles.count());
  launch(ex, kOp, group_norm_sums_kernel, blocks, kBlock, a, tiles, sums);
  launch(ex, kOp, group_norm_stats_kernel, static_cast<unsigned>(a.ragged.utterances), kBlock, a, tiles,
         static_cast<const double*>(sums));
  launch(ex, kOp, group_norm_kernel, Geometry{{blocks}, {kColumns, kFrames}}, a, tiles);
}

void group_norm_backward(GpuExec& ex, const GroupNormBackwardArgs& a) {
  constexpr const char* kOp = "group_norm_backward";
  const Index C = a.x.shape[1], U = a.ragged.utterances;
  const RaggedTiles tiles{a.ragged, kRows};
  const auto blocks = static_cast<unsigned>(tiles.count());
  static_assert(sizeof(GroupNormMeans) == sizeof(double));
  double* sums = ex.workspace(tiles.count() * 2 * C + U);
  const double* read = sums;
  auto* means = reinterpret_cast<GroupNormMeans*>(sums + tiles.count() * 2 * C);
  launch(ex, kOp, group_norm_products_kernel, Geometry{{blocks, grid_for(C, kBlock)}, {kBlock}}, a, tiles, sums);
  launch(ex, kOp, group_norm_means_kernel, static_cast<unsigned>(U), kBlock, a, tiles, read, means);
  launch(ex, kOp, group_norm_add_kernel, grid_for(2 * C, kBlock), kBlock, a, read, tiles.count());
  launch(ex, kOp, group_norm_backward_kernel, Geometry{{blocks}, {kColumns, kFrames}}, a, tiles,
         static_cast<const GroupNormMeans*>(means));
}

}  // namespace cutract
