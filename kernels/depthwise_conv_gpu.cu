#include <algorithm>

#include "kernels/depthwise_conv.h"
#include "kernels/simt/simt.cuh"

namespace cutract {
namespace {

constexpr int kChannels = 32;
constexpr int kRun = 16, kRuns = 8;  // frames of a thread, and threads that divide the frames of a tile
constexpr int kStep = 8;             // frames, or taps, for which rows are read together
constexpr int kTaps = 8;             // taps of a thread
constexpr Index kTile = kRun * kRuns;
constexpr Index kGradientTile = 256;   // rows of a partial sum of dw and db
constexpr int kPitch = kChannels + 1;  // of the taps in shared memory, so that they are written without bank conflicts
constexpr int kBlock = 256;
static_assert(kChannels * ((kMostConvTaps + kTaps - 1) / kTaps) <= kBlock);

struct Convolution {
  View<const float, 2> in;
  Ragged ragged;
  View<const float, 2> w;
  const float* b;  // null: 0
  bool reversed;   // the kernels
  View<float, 2> out;
};

// Frame t of one channel of the tile's utterance.
__device__ float frame_of(View<const float, 2> x, const RaggedTiles::Tile& tile, Index t, Index c) {
  return conv_has_frame(tile, t, x.shape[0]) ? x.row(tile.start + t)[c] : 0.0f;
}

// Adds to sum[r] the products for frame `first` + r of the tile's utterance, tap by tap. The frames that the sums meet
// slide through registers. `taps` [K] are kPitch apart.
__device__ void convolve_run(const Convolution& a, const RaggedTiles::Tile& tile, Index first, Index c,
                             const float* taps, float* sum) {
  const int K = static_cast<int>(a.w.shape[1]);
  const Index from = first - conv_reach(K);
  float seen[kRun - 1 + kStep];
#pragma unroll
  for (int i = 0; i < kRun - 1; ++i) seen[i] = frame_of(a.in, tile, from + i, c);
  for (int k = 0; k < K; k += kStep) {
#pragma unroll
    for (int i = 0; i < kStep; ++i) seen[kRun - 1 + i] = frame_of(a.in, tile, from + k + kRun - 1 + i, c);
#pragma unroll
    for (int j = 0; j < kStep; ++j) {
      if (k + j >= K) break;
      const float tap = taps[(k + j) * kPitch];
#pragma unroll
      for (int r = 0; r < kRun; ++r) sum[r] += tap * seen[r + j];
    }
#pragma unroll
    for (int i = 0; i < kRun - 1; ++i) seen[i] = seen[i + kStep];
  }
}

// A block owns a tile of 128 frames of one utterance (blockIdx.x) and 32 channels (blockIdx.y), a thread 16 frames of
// one channel. Neighbouring threads read neighbouring channels; frames that several threads of a block need come from
// the L1 cache. 8 bytes an element, as long as K is below about 60: bound by memory. Not measured on a GPU yet.
__global__ void __launch_bounds__(kChannels* kRuns) convolve_kernel(Convolution a) {
  __shared__ float taps[kMostConvTaps * kPitch];
  const int x = static_cast<int>(threadIdx.x), y = static_cast<int>(threadIdx.y);
  const Index C = a.in.shape[1], K = a.w.shape[1], channel = Index(blockIdx.y) * kChannels, c = channel + x;
  for (int i = y * kChannels + x; i < kChannels * K; i += kChannels * kRuns) {
    const int own = i / static_cast<int>(K), k = i % static_cast<int>(K);
    const Index to = a.reversed ? K - 1 - k : k;
    if (channel + own < C) taps[to * kPitch + own] = a.w.row(channel + own)[k];
  }
  __syncthreads();
  const RaggedTiles::Tile tile = RaggedTiles{a.ragged, kTile}.at(blockIdx.x);
  const Index first = tile.first + Index(y) * kRun, rows = tile.rows - Index(y) * kRun;
  if (c >= C || rows <= 0) return;
  float sum[kRun];
  const float bias = a.b && !tile.behind ? a.b[c] : 0.0f;
#pragma unroll
  for (int r = 0; r < kRun; ++r) sum[r] = bias;
  if (!tile.behind) convolve_run(a, tile, first, c, taps + x, sum);
#pragma unroll
  for (int r = 0; r < kRun; ++r)
    if (r < rows) a.out.row(tile.start + first + r)[c] = sum[r];
}

// A block owns a tile of 256 frames (blockIdx.x) and 32 channels (blockIdx.y), and sets their rows of `partial`
// [tiles, K + 1, C]; a thread owns 8 taps of one channel, and the first of a channel also the sum of dy. Each adds the
// frames of the tile in order. The frames that the taps meet slide through registers.
__global__ void __launch_bounds__(kBlock) gradient_kernel(DepthwiseConvBackwardArgs a, double* partial) {
  const Index C = a.x.shape[1], K = a.w.shape[1], c = Index(blockIdx.y) * kChannels + threadIdx.x;
  const Index k = Index(threadIdx.y) * kTaps;
  const RaggedTiles::Tile tile = RaggedTiles{a.ragged, kGradientTile}.at(blockIdx.x);
  if (c >= C) return;
  const int rows = tile.behind ? 0 : static_cast<int>(tile.rows);
  const Index from = tile.first - conv_reach(K) + k;
  float sum[kTaps] = {}, bias = 0, seen[kTaps - 1 + kStep];
  if (rows > 0)
#pragma unroll
    for (int i = 0; i < kTaps - 1; ++i) seen[i] = frame_of(a.x, tile, from + i, c);
  for (int t = 0; t < rows; t += kStep) {
#pragma unroll
    for (int i = 0; i < kStep; ++i) seen[kTaps - 1 + i] = frame_of(a.x, tile, from + t + kTaps - 1 + i, c);
#pragma unroll
    for (int i = 0; i < kStep; ++i) {
      if (t + i >= rows) break;
      const float dy = a.dy.row(tile.start + tile.first + t + i)[c];
      bias += dy;
#pragma unroll
      for (int j = 0; j < kTaps; ++j) sum[j] += dy * seen[i + j];
    }
#pragma unroll
    for (int i = 0; i < kTaps - 1; ++i) seen[i] = seen[i + kStep];
  }
  double* out = partial + Index(blockIdx.x) * (K + 1) * C + c;
#pragma unroll
  for (int j = 0; j < kTaps; ++j)
    if (k + j < K) out[(k + j) * C] = static_cast<double>(sum[j]);
  if (k == 0) out[K * C] = static_cast<double>(bias);
}

// One thread owns one element of dw or db and adds the sums of the tiles in order.
__global__ void __launch_bounds__(kBlock)
    add_tiles_kernel(DepthwiseConvBackwardArgs a, const double* partial, Index tiles) {
  const Index C = a.x.shape[1], K = a.w.shape[1], n = (K + 1) * C;
  const Index i = Index(blockIdx.x) * kBlock + threadIdx.x;
  if (i >= n) return;
  double sum = 0;
  for (Index tile = conv_first_tile(); tile < tiles; ++tile) sum += partial[tile * n + i];
  const Index k = i / C, c = i % C;
  float* out = k < K ? a.dw.row(c) + k : a.db.data + c;
  *out += static_cast<float>(sum);
}

void convolve(GpuExec& ex, const char* op, const Convolution& a) {
  const auto tiles = static_cast<unsigned>(RaggedTiles{a.ragged, kTile}.count());
  launch(ex, op, convolve_kernel, Geometry{{tiles, grid_for(a.in.shape[1], kChannels)}, {kChannels, kRuns}}, a);
}

}  // namespace

void depthwise_conv(GpuExec& ex, const DepthwiseConvArgs& a) {
  convolve(ex, "depthwise_conv", {a.x, a.ragged, a.w, a.b.data, false, a.y});
}

void depthwise_conv_backward(GpuExec& ex, const DepthwiseConvBackwardArgs& a) {
  constexpr const char* kOp = "depthwise_conv_backward";
  if (a.dx.data) convolve(ex, kOp, {a.dy, a.ragged, a.w, nullptr, true, a.dx});
  const Index C = a.x.shape[1], K = a.w.shape[1], tiles = RaggedTiles{a.ragged, kGradientTile}.count();
  double* partial = ex.workspace(tiles * (K + 1) * C);
  const auto groups = static_cast<unsigned>((K + kTaps - 1) / kTaps);
  const Geometry g{{static_cast<unsigned>(tiles), grid_for(C, kChannels)}, {kChannels, groups}};
  launch(ex, kOp, gradient_kernel, g, a, partial);
  launch(ex, kOp, add_tiles_kernel, grid_for((K + 1) * C, kBlock), kBlock, a, static_cast<const double*>(partial),
         tiles);
}

}  // namespace cutract
