#include "host/core/plant.h"
#include "kernels/layer_norm.h"
#include "kernels/simt/simt.cuh"

namespace cutract {
namespace {

constexpr int kBlock = 256, kWarps = kBlock / 32;
constexpr Index kRows = 128;  // rows per partial sum of the parameters' gradients

// The sum over the lanes of a warp, which all lanes receive. The tree has a fixed shape.
__device__ float warp_sum(float v) {
#pragma unroll
  for (int bit = 16; bit > 0; bit /= 2) v += __shfl_xor_sync(0xffffffffu, v, bit);
  return v;
}

// Calls work(n, lane) for each row n; a warp owns a row.
template <class Work>
__device__ void each_row(Index N, Work&& work) {
  const Index warp = Index(blockIdx.x) * kWarps + threadIdx.x / 32, stride = Index(gridDim.x) * kWarps;
  for (Index n = warp; n < N; n += stride) work(n, static_cast<int>(threadIdx.x % 32));
}

// A lane owns every 32nd column of its warp's row.
__global__ void __launch_bounds__(kBlock) layer_norm_kernel(LayerNormArgs a, Index N, Index C) {
  each_row(N, [&](Index n, int lane) {
    const float* x = a.x.data + n * C;
    float sum = 0;
    for (Index c = lane; c < C; c += 32) sum += x[c];
    const float mean = warp_sum(sum) / static_cast<float>(C);
    float squares = 0;
    for (Index c = lane; c < C; c += 32) squares += (x[c] - mean) * (x[c] - mean);
    const float scale = 1 / std::sqrt(warp_sum(squares) / static_cast<float>(C) + a.eps);
    if (lane == 0) {
      a.stats.data[2 * n] = mean;
      a.stats.data[2 * n + 1] = scale;
    }
    for (Index c = lane; c < C; c += 32) a.y.data[n * C + c] = (x[c] - mean) * scale * a.w.data[c] + a.b.data[c];
  });
}

__global__ void __launch_bounds__(kBlock) layer_norm_backward_kernel(LayerNormBackwardArgs a, Index N, Index C) {
  each_row(N, [&](Index n, int lane) {
    const float *x = a.x.data + n * C, *dy = a.dy.data + n * C;
    const float mean = a.stats.data[2 * n], scale = a.stats.data[2 * n + 1];
    float g = 0, gn = 0;
    for (Index c = lane; c < C; c += 32) {
      const float of = dy[c] * a.w.data[c];
      g += of;
      gn += of * ((x[c] - mean) * scale);
    }
    g = warp_sum(g) / static_cast<float>(C);
    gn = warp_sum(gn) / static_cast<float>(C);
    for (Index c = lane; c < C; c += 32) {
      float& dx = a.dx.data[n * C + c];
      const float own = (dy[c] * a.w.data[c] - g - (x[c] - mean) * scale * gn) * scale;
      dx = a.add_dx && !CUTRACT_PLANTED("gpu_layer_norm_sets_dx") ? dx + own : own;
    }
  });
}

// One thread owns one column over kRows rows (blockIdx.y), added in order. sums [chunks, 2, C]: of dy n, and of dy.
__global__ void __launch_bounds__(kBlock)
    layer_norm_sums_kernel(LayerNormBackwardArgs a, Index N, Index C, double* sums) {
  const Index c = Index(blockIdx.x) * kBlock + threadIdx.x, first = Index(blockIdx.y) * kRows;
  if (c >= C) return;
  const Index last = first + kRows < N ? first + kRows : N;
  double dw = 0, db = 0;
  for (Index n = first; n < last; ++n) {
    const float dy = a.dy.data[n * C + c];
    dw += static_cast<double>(dy * ((a.x.data[n * C + c] - a.stats.data[2 * n]) * a.stats.data[2 * n + 1]));
    db += static_cast<double>(dy);
  }
  sums[Index(blockIdx.y) * 2 * C + c] = dw;
  sums[Index(blockIdx.y) * 2 * C + C + c] = db;
}

// One thread owns one column and adds its partial sums in order.
__global__ void __launch_bounds__(kBlock)
    layer_norm_add_kernel(LayerNormBackwardArgs a, const double* sums, Index chunks, Index C) {
  const Index c = Index(blockIdx.x) * kBlock + threadIdx.x;
  if (c >= 2 * C) return;
  double sum = 0;
  for (Index i = 0; i < chunks; ++i) sum += sums[i * 2 * C + c];
  (c < C ? a.dw.data[c] : a.db.data[c - C]) += static_cast<float>(sum);
}

}  // namespace

void layer_norm(GpuExec& ex, const LayerNormArgs& a) {
  const Index N = a.x.shape[0], C = a.x.shape[1];
  launch(ex, "layer_norm", layer_norm_kernel, grid_for(N, kWarps), kBlock, a, N, C);
}

void layer_norm_backward(GpuExec& ex, const LayerNormBackwardArgs& a) {
  const Index N = a.x.shape[0], C = a.x.shape[1], chunks = (N + kRows - 1) / kRows;
  if (N == 0) return;
  double* sums = ex.workspace(chunks * 2 * C);
  const Geometry g{{grid_for(C, kBlock), static_cast<unsigned>(chunks)}, {kBlock}};
  launch(ex, "layer_norm_backward", layer_norm_sums_kernel, g, a, N, C, sums);  // first: dx may be where dy is
  launch(ex, "layer_norm_backward", layer_norm_add_kernel, grid_for(2 * C, kBlock), kBlock, a,
         static_cast<const double*>(sums), chunks, C);
  launch(ex, "layer_norm_backward", layer_norm_backward_kernel, grid_for(N, kWarps), kBlock, a, N, C);
}

}  // namespace cutract
