#pragma once

#include "host/core/plant.h"
#include "kernels/attention/attention.h"
#include "kernels/math.h"
#include "kernels/ragged_tiles.h"
#include "kernels/simt/simt.cuh"

// What the attention kernels share. A block of 256 threads computes a tile of 64 rows by 64 columns in one head; thread
// (x, y) of 16 by 16 owns rows 4 y .. 4 y + 3 and, of the scores, columns 4 x .. 4 x + 3. The rows of 16 threads with
// the same y belong to half a warp, so they exchange data with __syncwarp alone.
namespace cutract {

constexpr int kAttentionTile = 64, kAttentionThreads = 256;
constexpr int kAttentionStride = kAttentionTile + 4;  // so 16-byte reads have no bank conflicts

struct alignas(16) Float4 {
  float v[4];
};
__device__ inline Float4 float4_at(const float* p) { return *reinterpret_cast<const Float4*>(p); }

// The place of a block's tile in the batch.
struct AttentionPlace {
  int utterance, offset, frames, first;  // its first row in the batch; its frames; the first of the tile's rows in it
  bool empty;                            // no rows; those after the last utterance are zeroed by another kernel

  static unsigned tiles(const Ragged& r) { return static_cast<unsigned>(RaggedTiles{r, kAttentionTile}.count()); }
  __device__ explicit AttentionPlace(const Ragged& r) {
    const RaggedTiles::Tile t = RaggedTiles{r, kAttentionTile}.at(blockIdx.x);
    utterance = static_cast<int>(t.utterance);
    offset = static_cast<int>(t.start);
    frames = static_cast<int>(t.length);
    first = static_cast<int>(t.first);
    empty = t.rows <= 0 || t.behind;
  }
  // The frames that a window lets these rows see, rounded to whole tiles.
  CUTRACT_HD int begin(int window) const {
    return window == 0 || first < window ? 0 : (first - window) / kAttentionTile * kAttentionTile;
  }
  CUTRACT_HD int end(int window) const {
    return window == 0 || frames - window <= first + kAttentionTile ? frames : first + kAttentionTile + window;
  }
};

// A window at least as long as every utterance hides nothing, which 0 says too.
inline int attention_window(const Ragged& r, Index window) {
  return window >= r.longest ? 0 : static_cast<int>(window);
}

struct AttentionThread {
  int x = static_cast<int>(threadIdx.x) % 16, y = static_cast<int>(threadIdx.x) / 16;
};

// Copies rows first .. first + 63 of an utterance, as columns, into tile [K, 64]; zeros beyond its end. Neighbouring
// threads read neighbouring floats.
template <int K>
__device__ void load_transposed(float* tile, const float* rows, int apart, int first, int frames) {
  for (int at = static_cast<int>(threadIdx.x); at < K * kAttentionTile; at += kAttentionThreads) {
    const int i = at % K, r = at / K;
    tile[i * kAttentionStride + r] = first + r < frames ? rows[Index(first + r) * apart + i] : 0.0f;
  }
}

// sum[i][j] = the product of row 4 y + i of the left tile and row 4 x + j of the right one, both transposed.
template <int K>
__device__ void product(AttentionThread t, const float* left, const float* right, float (&sum)[4][4]) {
#pragma unroll
  for (int i = 0; i < 4; ++i)
#pragma unroll
    for (int j = 0; j < 4; ++j) sum[i][j] = 0;
#pragma unroll 2
  for (int k = 0; k < K; ++k) {
    const Float4 l = float4_at(left + k * kAttentionStride + 4 * t.y);
    const Float4 r = float4_at(right + k * kAttentionStride + 4 * t.x);
#pragma unroll
    for (int i = 0; i < 4; ++i)
#pragma unroll
      for (int j = 0; j < 4; ++j) sum[i][j] += l.v[i] * r.v[j];
  }
}

// sum[i][c] += row 4 y + i of `weights` [64, 64] times column x + 16 c of a matrix [64, K], which is given transposed.
template <int K>
__device__ void add_product(AttentionThread t, const float* weights, const float* matrix, float (&sum)[4][K / 16]) {
#pragma unroll 1  // more would not fit the registers of two blocks on an SM
  for (int j = 0; j < kAttentionTile; j += 4) {
    Float4 w[4];
#pragma unroll
    for (int i = 0; i < 4; ++i) w[i] = float4_at(weights + (4 * t.y + i) * kAttentionStride + j);
#pragma unroll
    for (int c = 0; c < K / 16; ++c) {
      const Float4 m = float4_at(matrix + (t.x + 16 * c) * kAttentionStride + j);
#pragma unroll
      for (int i = 0; i < 4; ++i)
#pragma unroll
        for (int k = 0; k < 4; ++k) sum[i][c] += w[i].v[k] * m.v[k];
    }
  }
}

// Writes a thread's own part of `weights` [64, 64].
__device__ inline void put(AttentionThread t, float* weights, const float (&own)[4][4]) {
#pragma unroll
  for (int i = 0; i < 4; ++i)
    *reinterpret_cast<Float4*>(weights + (4 * t.y + i) * kAttentionStride + 4 * t.x) =
        Float4{{own[i][0], own[i][1], own[i][2], own[i][3]}};
}

// The dropped probabilities of one utterance in one head.
struct AttentionMask {
  float p, scale;
  std::uint64_t key = 0;
  std::uint32_t uid = 0;
  int head;
  __device__ AttentionMask(const AttentionDropout& d, int utterance, int of_head)
      : p(d.p), scale(1 / (1 - d.p)), head(of_head) {
    if (p == 0) return;
    key = attention_key(d);
    uid = d.uid.data[utterance];
  }
  // For a query and the four keys of a quad.
  __device__ Philox4 bits(int query, int quad) const {
    return p == 0 ? Philox4{} : attention_bits(key, uid, head, query, quad);
  }
  __device__ float keep(const Philox4& bits, int i) const {
    return p == 0 ? 1.0f : uniform(bits.v[i]) < p ? 0.0f : scale;
  }
};

// Whether a query sees a key.
__device__ inline bool sees(int query, int key, int frames, int window) {
  const int apart = query > key ? query - key : key - query;
  return query < frames && key < frames && (window == 0 || apart <= window);
}

}  // namespace cutract
