#include "kernels/gemm/packed_gemm_cpu.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <vector>

#include "kernels/isa.h"

namespace cutract {
namespace {

constexpr Index kPanel = PackedMatrix::kPanel;

template <Isa I>
struct Tile;  // R rows by V vectors of W floats: as many sums as fit in the registers
template <>
struct Tile<Isa::avx512> {
  static constexpr int W = 16, R = 8, V = 2;
  typedef float Lanes __attribute__((vector_size(64)));
};
template <>
struct Tile<Isa::avx2> {
  static constexpr int W = 8, R = 6, V = 2;
  typedef float Lanes __attribute__((vector_size(32)));
};
template <>
struct Tile<Isa::portable> {
  static constexpr int W = 4, R = 3, V = 4;
  typedef float Lanes __attribute__((vector_size(16)));
};

// The left factor: at(r, k) is element k of row r.
template <int R>
struct Rows {
  const float* row[R];
  CUTRACT_INLINE explicit Rows(const float* const* rows) {
    for (int r = 0; r < R; ++r) row[r] = rows[r];
  }
  CUTRACT_INLINE float at(int r, Index k) const { return row[r][k]; }
};
template <int R>
struct Interleaved {  // [K][R]
  const float* left;
  CUTRACT_INLINE float at(int r, Index k) const { return left[k * R + r]; }
};

// out[r][0..cols) = start (or out) + left * panels, for R rows and V vectors. `panels` points to the first panel;
// consecutive panels are `apart` floats apart.
template <Isa I, int R, int V, class Left>
CUTRACT_INLINE void block(const Left left, Index K, const float* panels, Index apart, const float* start,
                          float* const* out, Index cols) {
  using T = Tile<I>;
  using Lanes = typename T::Lanes;
  constexpr int W = T::W;
  Lanes sum[R][V] = {};
  for (Index k = 0; k < K; ++k) {
    Lanes w[V];
    for (int v = 0; v < V; ++v) {
      const float* from = panels + v * W / kPanel * apart + k * kPanel + v * W % kPanel;
      __builtin_prefetch(from + 16 * kPanel);  // from the L2 cache to the L1 cache
      std::memcpy(&w[v], from, sizeof w[v]);
    }
    for (int r = 0; r < R; ++r)
      for (int v = 0; v < V; ++v) sum[r][v] += w[v] * left.at(r, k);
  }
  if (cols < V * W) {
    float row[R][V * W];
    std::memcpy(row, sum, sizeof row);
    for (int r = 0; r < R; ++r)
      for (Index j = 0; j < cols; ++j) out[r][j] = (start ? start[j] : out[r][j]) + row[r][j];
    return;
  }
// Must be unrolled: otherwise the sums would pass through memory.
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 16
    for (int v = 0; v < V; ++v) {
      Lanes from;
      std::memcpy(&from, (start ? start : out[r]) + v * W, sizeof from);
      from += sum[r][v];
      std::memcpy(out[r] + v * W, &from, sizeof from);
    }
  }
}

// Computes all columns of `count` <= R rows with the instance for exactly that many rows.
template <Isa I, int R>
CUTRACT_INLINE void row_block(const float* const* rows, Index count, Index K, Index N, const float* panels,
                              const float* start, float* const* out) {
  if constexpr (R > 1) {
    if (count < R) return row_block<I, R - 1>(rows, count, K, N, panels, start, out);
  }
  using T = Tile<I>;
  constexpr Index kWide = T::V * T::W, kNarrow = std::max<Index>(kPanel, T::W);
  constexpr int kFew = static_cast<int>(kNarrow / T::W);
  const Rows<R> left(rows);
  float* to[R];
  for (Index n = 0; n < N;) {
    for (int r = 0; r < R; ++r) to[r] = out[r] + n;
    const float* from = start ? start + n : nullptr;
    if (N - n > kNarrow || kWide == kNarrow) {
      block<I, R, T::V>(left, K, panels + n * K, K * kPanel, from, to, std::min(kWide, N - n));
      n += kWide;
    } else {
      block<I, R, kFew>(left, K, panels + n * K, K * kPanel, from, to, N - n);
      n += kNarrow;
    }
  }
}

template <Isa I>
CUTRACT_INLINE void multiply_rows_body(const float* const* rows, Index count, Index K, Index N, const float* panels,
                                       const float* start, float* const* out) {
  constexpr Index R = Tile<I>::R;
  if (count == 0) return;
  const Index blocks = (count + R - 1) / R, even = (count + blocks - 1) / blocks;  // 4 + 4 is faster than 6 + 2
  for (Index r = 0; r < count; r += even)
    row_block<I, R>(rows + r, std::min(even, count - r), K, N, panels, start, out + r);
}
CUTRACT_PER_ISA(multiply_rows,
                (const float* const* rows, Index count, Index K, Index N, const float* panels, const float* start,
                 float* const* out),
                (rows, count, K, N, panels, start, out))

// Frames summed in registers before the sums are added in memory; chosen so that the packed factors stay in L2.
constexpr Index kChunk = 192;
constexpr Index kMostBlockRows = 8;  // the largest Tile::R

struct Chunk {
  Index begin, frames;
  float* left;    // [rows / R][kChunk][R]
  float* panels;  // [right + more columns / 16][kChunk][16]
};

// These rows are parts of longer ones, so the hardware prefetcher cannot predict where the next one begins.
constexpr Index kAhead = 8;
CUTRACT_INLINE void prefetch(const float* row, Index n) {
  for (Index j = 0; row != nullptr && j < n; j += 16) __builtin_prefetch(row + j);
}

template <Isa I>
CUTRACT_INLINE void pack_left_body(const OuterProduct& p, const Chunk& c) {
  constexpr Index R = Tile<I>::R;
  constexpr Index kSome = 4;  // frames added in float before their sum is added in double
  const Index blocks = (p.rows + R - 1) / R;
  for (Index k = 0; k < c.frames; ++k) {
    const float* row = p.left + (c.begin + k) * p.left_stride + p.first;
    if (c.begin + k + kAhead < p.frames) prefetch(row + kAhead * p.left_stride, p.rows);
    if (k % kSome == 0 && k + kSome <= c.frames) {
      const Index far = p.left_stride;
#pragma GCC ivdep
      for (Index i = 0; i < p.rows; ++i)
        p.left_sums[i] += static_cast<double>((row[i] + row[far + i]) + (row[2 * far + i] + row[3 * far + i]));
    } else if (c.frames - c.frames % kSome <= k) {
      for (Index i = 0; i < p.rows; ++i) p.left_sums[i] += static_cast<double>(row[i]);
    }
    for (Index b = 0; b < blocks; ++b) {
      float* to = c.left + (b * kChunk + k) * R;
      if ((b + 1) * R <= p.rows)
        std::memcpy(to, row + b * R, R * sizeof(float));
      else
        for (Index r = 0; r < R; ++r) to[r] = b * R + r < p.rows ? row[b * R + r] : 0.0f;
    }
  }
}
CUTRACT_PER_ISA(pack_left, (const OuterProduct& p, const Chunk& c), (p, c))

// Fills columns [begin, begin + n) of the panels from one row; null stands for zeros.
CUTRACT_INLINE void scatter_row(const float* row, Index n, Index begin, Index k, float* panels) {
  Index j = 0;
  if (row != nullptr && begin % kPanel == 0)
    for (; j + kPanel <= n; j += kPanel)
      std::memcpy(panels + ((begin + j) * kChunk + k * kPanel), row + j, kPanel * sizeof(float));
  for (; j < n; ++j) {
    const Index column = begin + j;
    panels[(column / kPanel * kChunk + k) * kPanel + column % kPanel] = row ? row[j] : 0.0f;
  }
}

template <Isa>
CUTRACT_INLINE void pack_right_body(const OuterProduct& p, const Chunk& c) {
  for (Index k = 0; k < c.frames; ++k) {
    const Index n = c.begin + k;
    scatter_row(p.right + n * p.right_cols, p.right_cols, 0, k, c.panels);
    scatter_row(p.more[n], p.more_cols, p.right_cols, k, c.panels);
    if (n + kAhead < p.frames) prefetch(p.more[n + kAhead], p.more_cols);
  }
}
CUTRACT_PER_ISA(pack_right, (const OuterProduct& p, const Chunk& c), (p, c))

template <Isa I>
CUTRACT_INLINE void add_chunk_body(const OuterProduct& p, const Chunk& c) {
  using T = Tile<I>;
  constexpr Index R = T::R, kWide = T::V * T::W;
  const Index N = p.right_cols + p.more_cols;
  float spare[R][kWide] = {};  // receives the rows after the last one
  for (Index i = 0; i < p.rows; i += R) {
    const Interleaved<R> left{c.left + i * kChunk};
    for (Index n = 0; n < N; n += kWide) {
      float* to[R];
      for (Index r = 0; r < R; ++r) to[r] = i + r < p.rows ? p.out + (i + r) * N + n : spare[r];
      block<I, R, T::V>(left, c.frames, c.panels + n * kChunk, kChunk * kPanel, nullptr, to, std::min(kWide, N - n));
    }
  }
}

CUTRACT_PER_ISA(add_chunk, (const OuterProduct& p, const Chunk& c), (p, c))

}  // namespace

AlignedFloats::AlignedFloats(Index size) {
  constexpr std::size_t kLine = 64;
  const std::size_t bytes = (static_cast<std::size_t>(size) * sizeof(float) + kLine - 1) / kLine * kLine;
  at_.reset(static_cast<float*>(std::aligned_alloc(kLine, bytes)));
  if (!at_ && bytes > 0) throw std::bad_alloc();
}

PackedMatrix::PackedMatrix(const float* w, Index K, Index N, Index stride_k, Index stride_n)
    : k_(K), n_(N), panels_((N + kPanel - 1) / kPanel * kPanel * K) {
  for (Index n0 = 0; n0 < N; n0 += kPanel) {
    const Index cols = std::min(kPanel, N - n0);
    float* panel = panels_.data() + n0 * K;
    for (Index k = 0; k < K; ++k) {
      for (Index j = 0; j < cols; ++j) panel[k * kPanel + j] = w[k * stride_k + (n0 + j) * stride_n];
      std::fill_n(panel + k * kPanel + cols, kPanel - cols, 0.0f);
    }
  }
}

void PackedMatrix::multiply(const float* const* rows, Index count, const float* start, float* const* out) const {
  multiply_rows(rows, count, k_, n_, panels_.data(), start, out);
}

void outer_product(const OuterProduct& p) {
  const Index N = p.right_cols + p.more_cols, wide = (N + 2 * kPanel - 1) / (2 * kPanel) * (2 * kPanel);
  AlignedFloats left((p.rows + kMostBlockRows) * kChunk), panels(wide * kChunk);
  std::fill_n(panels.data(), wide * kChunk, 0.0f);
  std::fill_n(p.out, p.rows * N, 0.0f);
  std::fill_n(p.left_sums, p.rows, 0.0);
  for (Index n = 0; n < p.frames; n += kChunk) {
    const Chunk c{n, std::min(kChunk, p.frames - n), left.data(), panels.data()};
    pack_left(p, c);
    pack_right(p, c);
    add_chunk(p, c);
  }
}

}  // namespace cutract
