#include "kernels/lstm_gpu.h"
#include "kernels/lstm_tile.cuh"
#include "kernels/simt/simt.cuh"

// The persistent engine. A block of H/16 warps owns eight utterances in one direction and walks through all their steps
// with one barrier each; the recurrent weights stay in registers as fragments A of the matrix unit (128 registers a
// lane for H = 128), and what the lanes tell each other, h forward and dgates backward, goes through two buffers in
// shared memory in turn, so that a step may be written while the slowest warp still reads the one before.
//
// A warp owns 16 units and all four gates of each. With g = lane / 4 and t = lane % 4, the lane's fragment D holds cell
// i of 0 to 3: utterance 2t + i % 2 of the tile, unit 16 warp + g + 8 (i / 2); so a lane has i, f, g and o of its cells
// and keeps c, or dc and dh, in registers.
//
// The gates are kept in fp32, as the other engines keep them. bf16 would halve the 32 bytes that a cell reads and
// writes forward for its gates.
namespace cutract {
namespace {

using simt::Word;

constexpr int kRows = 8;

__device__ inline float sigmoid_approximate(float x) { return 0.5f * simt::tanh_approximate(0.5f * x) + 0.5f; }

// What a lane needs to know to find its four cells.
template <int H>
struct Cells {
  int d, directions, warp, g, t, longest;
  Span row[2];

  __device__ explicit Cells(const LstmSteps& a)
      : d(static_cast<int>(blockIdx.y)),
        directions(a.directions),
        warp(static_cast<int>(threadIdx.x) / 32),
        g(static_cast<int>(threadIdx.x) % 32 / 4),
        t(static_cast<int>(threadIdx.x) % 4) {
    const int first = static_cast<int>(blockIdx.x) * kRows;
    longest = span_of(a, first).length;
    row[0] = span_of(a, first + 2 * t), row[1] = span_of(a, first + 2 * t + 1);
  }
  __device__ int unit(int i) const { return 16 * warp + g + 8 * (i / 2); }
  __device__ bool has(int i, int s) const { return s >= 0 && s < row[i % 2].length; }
  // Where cell i of step s lies in an array [N, D, H], and its gate q in [N, D, 4H].
  __device__ Index at(int i, int s) const { return line(i, s) * H + unit(i); }
  __device__ Index gate(int i, int s, int q) const { return line(i, s) * 4 * H + q * H + unit(i); }

 private:
  __device__ Index line(int i, int s) const {
    const Span u = row[i % 2];
    if (CUTRACT_PLANTED("gpu_ignores_length") && d == 1)  // as if every utterance were as long as the longest
      return Index(u.offset + min(longest - 1 - s, u.length - 1)) * directions + d;
    return u.frame(d, s) * directions + d;
  }
};

// Lane l's address for load_matrix of 8 rows of 32 bf16, from element k on: two fragments B.
__device__ inline const void* matrix_rows(const std::uint16_t* rows, int stride, int k) {
  const int lane = static_cast<int>(threadIdx.x) % 32;
  return rows + lane % 8 * stride + k + 8 * (lane / 8);
}

template <int H>
struct Forward {
  static constexpr int kStride = H + 8;  // of a row of h in shared memory: rows of a fragment lie in different banks
  static constexpr std::size_t kShared = 2 * kRows * kStride * sizeof(std::uint16_t);

  LstmStepsForward a;
  Cells<H> cells;
  std::uint16_t* buffer;  // [2, kRows, kStride] bf16
  Word w[4][H / 16][4];   // of each gate, the warp's 16 rows of w_hh
  float bias[4][2];
  float x[4][4];  // W x of the next step, by gate and cell
  float c[4] = {};

  __device__ explicit Forward(const LstmStepsForward& steps)
      : a(steps), cells(steps), buffer(reinterpret_cast<std::uint16_t*>(simt::shared_memory())) {
#pragma unroll
    for (int q = 0; q < 4; ++q) {
#pragma unroll
      for (int k = 0; k < H / 16; ++k)
#pragma unroll
        for (int r = 0; r < 4; ++r) {
          const int half = CUTRACT_PLANTED("gpu_swapped_fragment") ? (r + 1) % 4 : r;
          const int row = q * H + 16 * cells.warp + cells.g + 8 * (half % 2),
                    column = 16 * k + 2 * cells.t + 8 * (r / 2);
          const float* from = pick(a.w_hh, cells.d) + row * H + column;
          w[q][k][r] = simt::pack_bf16(from[0], from[1]);
        }
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        const int row = q * H + cells.unit(2 * half);
        bias[q][half] = pick(a.b_ih, cells.d)[row] + pick(a.b_hh, cells.d)[row];
      }
    }
    for (int i = static_cast<int>(threadIdx.x); i < 2 * kRows * kStride; i += 2 * H) buffer[i] = 0;
    load(0);
  }

  __device__ void load(int s) {
#pragma unroll
    for (int q = 0; q < 4; ++q)
#pragma unroll
      for (int i = 0; i < 4; ++i) x[q][i] = cells.has(i, s) ? a.gates[cells.gate(i, s, q)] : 0.0f;
  }

  // sum[q] = W x + b + R h for the warp's units and all rows.
  __device__ void preactivations(int s, float (&sum)[4][4]) {
#pragma unroll
    for (int q = 0; q < 4; ++q)
#pragma unroll
      for (int i = 0; i < 4; ++i) sum[q][i] = x[q][i] + bias[q][i / 2];
    load(s + 1);  // on its way while this step is computed
    const std::uint16_t* h = buffer + s % 2 * kRows * kStride;
#pragma unroll
    for (int k = 0; k < H / 16; k += 2) {
      Word b[4];
      simt::load_matrix(b, matrix_rows(h, kStride, 16 * k));
      const Word low[2] = {b[0], b[1]}, high[2] = {b[2], b[3]};
#pragma unroll
      for (int q = 0; q < 4; ++q) simt::mma_bf16(sum[q], w[q][k], low);
#pragma unroll
      for (int q = 0; q < 4; ++q) simt::mma_bf16(sum[q], w[q][k + 1], high);
    }
  }

  __device__ void step(int s) {
    float sum[4][4], h[4];
    preactivations(s, sum);
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const float gate[4] = {sigmoid_approximate(sum[0][i]), sigmoid_approximate(sum[1][i]),
                             simt::tanh_approximate(sum[2][i]), sigmoid_approximate(sum[3][i])};
      c[i] = gate[1] * c[i] + gate[0] * gate[2];
      h[i] = gate[3] * simt::tanh_approximate(c[i]);
      if (!cells.has(i, s)) continue;
#pragma unroll
      for (int q = 0; q < 4; ++q) a.gates[cells.gate(i, s, q)] = gate[q];
      a.c[cells.at(i, s)] = c[i];
      a.h[cells.at(i, s)] = h[i];
    }
    // Transposed, a word holds two units of one utterance, as the next step's fragment B wants them.
    const Word first = simt::transpose_matrix(simt::pack_bf16(h[0], h[1])),
               second = simt::transpose_matrix(simt::pack_bf16(h[2], h[3]));
    const int into = CUTRACT_PLANTED("gpu_single_buffer") ? s % 2 : (s + 1) % 2;
    std::uint16_t* to = buffer + (into * kRows + cells.g) * kStride + 16 * cells.warp + 2 * cells.t;
    *reinterpret_cast<Word*>(to) = first;
    *reinterpret_cast<Word*>(to + 8) = second;
  }
};

template <int H>
__global__ void __launch_bounds__(2 * H, 1) lstm_persistent_kernel(LstmStepsForward a) {
  Forward<H> lane(a);
  __syncthreads();
  for (int s = 0; s < lane.cells.longest; ++s) {
    if (CUTRACT_PLANTED("gpu_early_exit") && !lane.cells.has(0, s) && !lane.cells.has(1, s)) return;
    lane.step(s);
    if (!CUTRACT_PLANTED("gpu_no_barrier")) __syncthreads();
  }
}

template <int H>
struct Backward {
  static constexpr int kStride = 4 * H + 8, kTiles = 4 * H / 16;
  static constexpr std::size_t kShared = 2 * kRows * kStride * sizeof(std::uint16_t);

  LstmStepsBackward a;
  Cells<H> cells;
  std::uint16_t* buffer;                 // [2, kRows, kStride] bf16 gradients of the gates, in the order unit, gate
  Word w[kTiles][4];                     // the warp's 16 columns of w_hh, transposed, in the same order
  float gate[4][4], c_before[4], dy[4];  // of the next step, by gate and cell
  float c[4], dc[4] = {}, dh[4] = {};

  __device__ explicit Backward(const LstmStepsBackward& steps)
      : a(steps), cells(steps), buffer(reinterpret_cast<std::uint16_t*>(simt::shared_memory())) {
#pragma unroll
    for (int k = 0; k < kTiles; ++k)
#pragma unroll
      for (int r = 0; r < 4; ++r) {
        const int column = 16 * cells.warp + cells.g + 8 * (r % 2), at = 16 * k + 2 * cells.t + 8 * (r / 2);
        const float* from = pick(a.w_hh, cells.d) + (at % 4 * H + at / 4) * H + column;
        w[k][r] = simt::pack_bf16(from[0], from[H * H]);
      }
    const int s = cells.longest - 1;
#pragma unroll
    for (int i = 0; i < 4; ++i) c[i] = cells.has(i, s) ? a.c[cells.at(i, s)] : 0.0f;
    load(s);
  }

  __device__ void load(int s) {
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const bool has = cells.has(i, s);
#pragma unroll
      for (int q = 0; q < 4; ++q) gate[q][i] = has ? a.gates[cells.gate(i, s, q)] : 0.0f;
      dy[i] = has ? a.dh[cells.at(i, s)] : 0.0f;
      c_before[i] = cells.has(i, s - 1) ? a.c[cells.at(i, s - 1)] : 0.0f;
    }
  }

  __device__ void cell(int i, int s, std::uint16_t* to) {
    const bool has = cells.has(i, s);
    const float in = gate[0][i], f = gate[1][i], g = gate[2][i], o = gate[3][i], t = simt::tanh_approximate(c[i]);
    const float d = has ? dh[i] + dy[i] : 0.0f, dcell = has ? dc[i] + d * o * (1 - t * t) : 0.0f;
    const float dgate[4] = {dcell * g * in * (1 - in), dcell * c_before[i] * f * (1 - f), dcell * in * (1 - g * g),
                            d * t * o * (1 - o)};
    dc[i] = dcell * f;
    c[i] = c_before[i];
    auto* words = reinterpret_cast<uint2*>(to + (2 * cells.t + i % 2) * kStride + 4 * cells.unit(i));
    *words = make_uint2(simt::pack_bf16(dgate[0], dgate[1]), simt::pack_bf16(dgate[2], dgate[3]));
    if (!has) return;
#pragma unroll
    for (int q = 0; q < 4; ++q) a.gates[cells.gate(i, s, q)] = dgate[q];
  }

  __device__ void step(int s) {
    std::uint16_t* dgates = buffer + (CUTRACT_PLANTED("gpu_backward_single_buffer") ? 0 : s % 2) * kRows * kStride;
#pragma unroll
    for (int i = 0; i < 4; ++i) cell(i, s, dgates);
    load(s - 1);  // on its way while the product runs
    if (!CUTRACT_PLANTED("gpu_backward_no_barrier")) __syncthreads();
    float even[4] = {}, odd[4] = {};  // two sums: the matrix unit need not wait for itself
#pragma unroll
    for (int k = 0; k < kTiles; k += 2) {
      Word b[4];
      simt::load_matrix(b, matrix_rows(dgates, kStride, 16 * k));
      const Word low[2] = {b[0], b[1]}, high[2] = {b[2], b[3]};
      simt::mma_bf16(even, w[k], low);
      simt::mma_bf16(odd, w[k + 1], high);
    }
#pragma unroll
    for (int i = 0; i < 4; ++i) dh[i] = even[i] + odd[i];
  }
};

template <int H>
__global__ void __launch_bounds__(2 * H, 1) lstm_persistent_backward_kernel(LstmStepsBackward a) {
  Backward<H> lane(a);
  for (int s = lane.cells.longest - 1; s >= 0; --s) lane.step(s);
}

// Tiles of long utterances come first, in both directions.
template <int H, class Steps>
Geometry geometry(const Steps& a, std::size_t shared) {
  const auto tiles = static_cast<unsigned>((a.utterances + kRows - 1) / kRows);
  return {{tiles, static_cast<unsigned>(a.directions)}, {2 * H}, shared};
}

}  // namespace

void lstm_persistent(GpuExec& ex, const LstmStepsForward& a) {
  if (a.H == 64)
    launch(ex, "lstm", lstm_persistent_kernel<64>, geometry<64>(a, Forward<64>::kShared), a);
  else
    launch(ex, "lstm", lstm_persistent_kernel<128>, geometry<128>(a, Forward<128>::kShared), a);
}

void lstm_persistent(GpuExec& ex, const LstmStepsBackward& a) {
  if (a.H == 64)
    launch(ex, "lstm_backward", lstm_persistent_backward_kernel<64>, geometry<64>(a, Backward<64>::kShared), a);
  else
    launch(ex, "lstm_backward", lstm_persistent_backward_kernel<128>, geometry<128>(a, Backward<128>::kShared), a);
}

}  // namespace cutract
