#include "kernels/attention/attention_gpu.h"
#include "kernels/attention/attention_tile.cuh"

// Two kernels in fp32: one owns 64 queries and reads the keys tile by tile, the other owns 64 keys and reads the
// queries. So no two blocks write the same element, no float is added atomically, and the probabilities are computed
// twice instead of being stored.
namespace cutract {
namespace {

constexpr int kThreads = kAttentionThreads;

// What each element of the gradient of the scores needs.
struct Backward {
  AttentionBackwardArgs a;
  int A, window;
  const float* mean;  // [N, A] products of the rows of out and dout: the mean gradient of a query's scores
};

// One thread owns one query of one head.
__global__ void __launch_bounds__(kThreads)
    attention_means_kernel(AttentionBackwardArgs a, float* mean, Index n, Index K) {
  const Index stride = Index(gridDim.x) * kThreads;
  for (Index i = Index(blockIdx.x) * kThreads + threadIdx.x; i < n; i += stride) {
    float sum = 0;
    for (Index k = 0; k < K; ++k) sum += a.out.data[i * K + k] * a.dout.data[i * K + k];
    mean[i] = sum;
  }
}

template <int K>
struct BackwardTiles {
  float *own, *own_d, *other, *other_d, *weights, *lse, *mean;
  static constexpr std::size_t kBytes =
      ((4 * K + kAttentionTile) * kAttentionStride + 2 * kAttentionTile) * sizeof(float);
  __device__ BackwardTiles()
      : own(reinterpret_cast<float*>(simt::shared_memory())),
        own_d(own + K * kAttentionStride),
        other(own_d + K * kAttentionStride),
        other_d(other + K * kAttentionStride),
        weights(other_d + K * kAttentionStride),
        lse(weights + kAttentionTile * kAttentionStride),
        mean(lse + kAttentionTile) {}
};

// e^x of the logarithm of a probability, which rounding may put above 0. NaN stays NaN.
__device__ float probability(float x) { return exp_negative(x > 0 ? 0.0f : x); }

// Writes a thread's part of a gradient: rows 4 y + i, columns x + 16 c.
template <int K>
__device__ void write_rows(AttentionThread t, const AttentionPlace& at, float* rows, int apart, float by,
                           const float (&sum)[4][K / 16]) {
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    const int r = at.first + 4 * t.y + i;
    if (r >= at.frames) return;
#pragma unroll
    for (int c = 0; c < K / 16; ++c) rows[Index(r) * apart + t.x + 16 * c] = sum[i][c] * by;
  }
}

// dq = ds k, with ds = p (dp - mean) and p = e^(score - lse), for 64 queries.
template <int K>
__global__ void __launch_bounds__(kThreads) attention_queries_kernel(Backward b) {
  const AttentionBackwardArgs& a = b.a;
  const AttentionPlace at(a.ragged);
  if (at.empty) return;
  const int A = b.A, head = static_cast<int>(blockIdx.y), apart = 3 * A * K;
  const float* rows = a.qkv.data + Index(at.offset) * apart + head * K;
  const float* dout = a.dout.data + (Index(at.offset) * A + head) * K;
  const BackwardTiles<K> tile;
  const AttentionThread t;
  const AttentionMask mask(a.dropout, at.utterance, head);
  const float scale = 1 / std::sqrt(static_cast<float>(K));
  float lse[4], mean[4], dq[4][K / 16] = {};
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    const int query = at.first + 4 * t.y + i;
    const Index row = Index(at.offset + query) * A + head;
    lse[i] = query < at.frames ? a.lse.data[row] : 0;
    mean[i] = query < at.frames ? b.mean[row] : 0;
  }
  load_transposed<K>(tile.own, rows, apart, at.first, at.frames);
  load_transposed<K>(tile.own_d, dout, A * K, at.first, at.frames);
  for (int from = at.begin(b.window); from < at.end(b.window); from += kAttentionTile) {
    __syncthreads();  // the tiles before have been read
    load_transposed<K>(tile.other, rows + A * K, apart, from, at.frames);
    load_transposed<K>(tile.other_d, rows + 2 * A * K, apart, from, at.frames);
    __syncthreads();
    float s[4][4], dp[4][4];
    product<K>(t, tile.own, tile.other, s);
    product<K>(t, tile.own_d, tile.other_d, dp);
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const int query = at.first + 4 * t.y + i;
      const Philox4 bits = mask.bits(query, from / 4 + t.x);
#pragma unroll
      for (int j = 0; j < 4; ++j) {
        const bool seen = sees(query, from + 4 * t.x + j, at.frames, b.window);
        const float p = seen ? probability(s[i][j] * scale - lse[i]) : 0.0f;
        s[i][j] = p * (dp[i][j] * mask.keep(bits, j) - mean[i]);
      }
    }
    put(t, tile.weights, s);
    __syncwarp();
    add_product<K>(t, tile.weights, tile.other, dq);
  }
  write_rows<K>(t, at, a.dqkv.data + Index(at.offset) * apart + head * K, apart, scale, dq);
}

// dk = ds^T q and dv = (p keep)^T dout, for 64 keys.
template <int K>
__global__ void __launch_bounds__(kThreads) attention_keys_kernel(Backward b) {
  const AttentionBackwardArgs& a = b.a;
  const AttentionPlace at(a.ragged);
  if (at.empty) return;
  const int A = b.A, head = static_cast<int>(blockIdx.y), apart = 3 * A * K;
  const float* rows = a.qkv.data + Index(at.offset) * apart + head * K;
  const float* dout = a.dout.data + (Index(at.offset) * A + head) * K;
  const BackwardTiles<K> tile;
  const AttentionThread t;
  const AttentionMask mask(a.dropout, at.utterance, head);
  const float scale = 1 / std::sqrt(static_cast<float>(K));
  float dk[4][K / 16] = {}, dv[4][K / 16] = {};
  load_transposed<K>(tile.own, rows + A * K, apart, at.first, at.frames);
  load_transposed<K>(tile.own_d, rows + 2 * A * K, apart, at.first, at.frames);
  for (int from = at.begin(b.window); from < at.end(b.window); from += kAttentionTile) {
    __syncthreads();  // the tiles before have been read
    load_transposed<K>(tile.other, rows, apart, from, at.frames);
    load_transposed<K>(tile.other_d, dout, A * K, from, at.frames);
    for (int r = static_cast<int>(threadIdx.x); r < kAttentionTile; r += kThreads) {
      const Index row = Index(at.offset + from + r) * A + head;
      tile.lse[r] = from + r < at.frames ? a.lse.data[row] : 0;
      tile.mean[r] = from + r < at.frames ? b.mean[row] : 0;
    }
    __syncthreads();
    float s[4][4], dp[4][4];
    product<K>(t, tile.own, tile.other, s);
    product<K>(t, tile.own_d, tile.other_d, dp);
    const int key = at.first + 4 * t.y;
#pragma unroll
    for (int j = 0; j < 4; ++j) {
      const int column = 4 * t.x + j;
      const int query = from + column;
      const Philox4 bits = mask.bits(query, key / 4);
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        const float p =
            sees(query, key + i, at.frames, b.window) ? probability(s[i][j] * scale - tile.lse[column]) : 0.0f;
        const float keep = mask.keep(bits, i);
        s[i][j] = p * (dp[i][j] * keep - (CUTRACT_PLANTED("gpu_attention_without_mean") ? 0.0f : tile.mean[column]));
        dp[i][j] = p * keep;
      }
    }
    put(t, tile.weights, dp);
    __syncwarp();
    add_product<K>(t, tile.weights, tile.other_d, dv);
    __syncwarp();  // the other lanes have read their weights
    put(t, tile.weights, s);
    __syncwarp();
    add_product<K>(t, tile.weights, tile.other, dk);
  }
  float* out = a.dqkv.data + Index(at.offset) * apart + head * K;
  write_rows<K>(t, at, out + A * K, apart, scale, dk);
  write_rows<K>(t, at, out + 2 * A * K, apart, 1, dv);
}

template <int K>
void run(GpuExec& ex, const Backward& b) {
  const Geometry g{
      {AttentionPlace::tiles(b.a.ragged), static_cast<unsigned>(b.A)}, {kThreads}, BackwardTiles<K>::kBytes};
  launch(ex, "attention_backward", attention_queries_kernel<K>, g, b);
  launch(ex, "attention_backward", attention_keys_kernel<K>, g, b);
}

}  // namespace

void attention_backward(GpuExec& ex, const AttentionBackwardArgs& a) {
  const auto [N, three, A, K] = a.qkv.shape;
  if (N == 0) return;
  auto* mean = reinterpret_cast<float*>(ex.workspace((N * A + 1) / 2));
  launch(ex, "attention_backward", attention_means_kernel, grid_for(N * A, kThreads), kThreads, a, mean, N * A, K);
  const Backward b{a, static_cast<int>(A), attention_window(a.ragged, a.window), mean};
  if (K == 32)
    run<32>(ex, b);
  else
    run<64>(ex, b);
  attention_clear_behind(ex, "attention_backward", a.ragged, a.dqkv.data, 3 * A * K);
}

}  // namespace cutract
