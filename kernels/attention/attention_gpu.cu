#include "kernels/attention/attention_gpu.h"
#include "kernels/attention/attention_tile.cuh"

// In fp32, on no matrix unit. A block owns 64 queries of one head and reads the keys of their utterance tile by tile;
// no two blocks write the same element, and every sum has a fixed order.
namespace cutract {
namespace {

template <int K>
struct ForwardTiles {
  float *q, *k, *v, *weights;
  static constexpr std::size_t kBytes = (3 * K + kAttentionTile) * kAttentionStride * sizeof(float);
  __device__ ForwardTiles()
      : q(reinterpret_cast<float*>(simt::shared_memory())),
        k(q + K * kAttentionStride),
        v(k + K * kAttentionStride),
        weights(v + K * kAttentionStride) {}
};

// The largest value, or the sum, of the 16 threads of a row.
template <class Op>
__device__ float over_row(float v, Op op) {
#pragma unroll
  for (int bit = 8; bit > 0; bit /= 2) v = op(v, __shfl_xor_sync(0xffffffffu, v, bit));
  return v;
}

// The softmax of a thread's four rows, as far as keys have been read.
struct Softmax {
  float most[4], sum[4];
  __device__ Softmax() {
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      most[i] = -HUGE_VALF;
      sum[i] = 0;
    }
  }
  // Scores of row i become e^(score - largest). Returns by what earlier sums must be multiplied.
  __device__ float take(int i, float (&s)[4]) {
    float now = fmaxf(fmaxf(s[0], s[1]), fmaxf(s[2], s[3]));
    now = fmaxf(most[i], over_row(now, [](float a, float b) { return fmaxf(a, b); }));
    const float from = now == -HUGE_VALF ? 0.0f : now;  // before the first key that is seen; a NaN score stays NaN
    float added = 0;
#pragma unroll
    for (int j = 0; j < 4; ++j) {
      s[j] = exp_negative(s[j] - from);
      added += s[j];
    }
    const float rescale = CUTRACT_PLANTED("gpu_attention_no_rescale") ? 1.0f : exp_negative(most[i] - from);
    sum[i] = sum[i] * rescale + over_row(added, [](float a, float b) { return a + b; });
    most[i] = now;
    return rescale;
  }
};

template <int K>
__global__ void __launch_bounds__(kAttentionThreads) attention_kernel(AttentionArgs a, int A, int window) {
  const AttentionPlace at(a.ragged);
  if (at.empty) return;
  const int head = static_cast<int>(blockIdx.y), apart = 3 * A * K;
  const float* rows = a.qkv.data + Index(at.offset) * apart + head * K;
  const ForwardTiles<K> tile;
  const AttentionThread t;
  const float scale = 1 / std::sqrt(static_cast<float>(K));
  const AttentionMask mask(a.dropout, at.utterance, head);
  Softmax soft;
  float out[4][K / 16] = {};
  load_transposed<K>(tile.q, rows, apart, at.first, at.frames);
  for (int from = at.begin(window); from < at.end(window); from += kAttentionTile) {
    __syncthreads();  // the tiles before have been read
    load_transposed<K>(tile.k, rows + A * K, apart, from, at.frames);
    load_transposed<K>(tile.v, rows + 2 * A * K, apart, from, at.frames);
    __syncthreads();
    float s[4][4];
    product<K>(t, tile.q, tile.k, s);
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const int query = at.first + 4 * t.y + i;
#pragma unroll
      for (int j = 0; j < 4; ++j)
        s[i][j] = sees(query, from + 4 * t.x + j, at.frames, window) ? s[i][j] * scale : -HUGE_VALF;
      const float rescale = soft.take(i, s[i]);
#pragma unroll
      for (int c = 0; c < K / 16; ++c) out[i][c] *= rescale;
      if (mask.p == 0) continue;
      const Philox4 bits = mask.bits(query, from / 4 + t.x);
#pragma unroll
      for (int j = 0; j < 4; ++j) s[i][j] *= mask.keep(bits, j);
    }
    put(t, tile.weights, s);
    __syncwarp();
    add_product<K>(t, tile.weights, tile.v, out);
  }
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    const int query = at.first + 4 * t.y + i;
    if (query >= at.frames) break;
    const Index row = Index(at.offset + query) * A + head;
#pragma unroll
    for (int c = 0; c < K / 16; ++c) a.out.data[row * K + t.x + 16 * c] = out[i][c] / soft.sum[i];
    if (t.x == 0) a.lse.data[row] = soft.most[i] + std::log(soft.sum[i]);
  }
}

// Sets the rows after the last utterance, of `width` floats each, to zero. Neighbouring threads take neighbouring
// floats.
__global__ void __launch_bounds__(kAttentionThreads) clear_behind_kernel(Ragged r, float* rows, Index width) {
  const int last = r.utterances - 1;
  const Index begin = Index(r.offset.data[last]) + r.length.data[last];
  const Index stride = Index(gridDim.x) * kAttentionThreads;
  for (Index i = begin * width + Index(blockIdx.x) * kAttentionThreads + threadIdx.x; i < r.frames * width; i += stride)
    rows[i] = 0;
}

template <int K>
void run(GpuExec& ex, const AttentionArgs& a) {
  const Index A = a.qkv.shape[2];
  const Geometry g{
      {AttentionPlace::tiles(a.ragged), static_cast<unsigned>(A)}, {kAttentionThreads}, ForwardTiles<K>::kBytes};
  launch(ex, "attention", attention_kernel<K>, g, a, A, attention_window(a.ragged, a.window));
}

}  // namespace

void attention_clear_behind(GpuExec& ex, const char* op, const Ragged& ragged, float* rows, Index width) {
  constexpr unsigned kBlocks = 16;
  launch(ex, op, clear_behind_kernel, kBlocks, kAttentionThreads, ragged, rows, width);
}

void attention(GpuExec& ex, const AttentionArgs& a) {
  const auto [N, three, A, K] = a.qkv.shape;
  if (N == 0) return;
  if (K == 32)
    run<32>(ex, a);
  else
    run<64>(ex, a);
  attention_clear_behind(ex, "attention", a.ragged, a.out.data, A * K);
}

}  // namespace cutract
