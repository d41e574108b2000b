#include "kernels/lstm_cell.cuh"
#include "kernels/lstm_fragment.cuh"
#include "kernels/lstm_gpu.h"
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

template <int H>
struct Forward {
  static constexpr int kStride = H + 8;  // of a row of h in shared memory
  static constexpr std::size_t kShared = 2 * kTileRows * kStride * sizeof(std::uint16_t);

  LstmStepsForward a;
  Lane lane;
  ForwardCell<H> cell[4];
  std::uint16_t* buffer = reinterpret_cast<std::uint16_t*>(simt::shared_memory());  // [2, kTileRows, kStride] bf16
  Word w[4][H / 16][4];  // of each gate, the warp's 16 rows of w_hh

  __device__ explicit Forward(const LstmStepsForward& steps)
      : a(steps), cell{cell_of(0), cell_of(1), cell_of(2), cell_of(3)} {
#pragma unroll
    for (int q = 0; q < 4; ++q) {
      const float* from = pick(a.w_hh, cell[0].d) + (q * H + 16 * lane.warp) * H;
#pragma unroll
      for (int k = 0; k < H / 16; ++k)
        load_weights(w[q][k], lane, [&](int row, int column) { return from[row * H + 16 * k + column]; });
    }
    for (int i = static_cast<int>(threadIdx.x); i < 2 * kTileRows * kStride; i += 2 * H) buffer[i] = 0;
  }
  __device__ ForwardCell<H> cell_of(int i) const {
    return {a, static_cast<int>(blockIdx.x), 2 * lane.t + i % 2, 16 * lane.warp + lane.g + 8 * (i / 2)};
  }

  __device__ void step(int s) {
    float sum[4][4], before[4];  // by gate and cell: W x + b + R h
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      cell[i].take(a, s, before);
#pragma unroll
      for (int q = 0; q < 4; ++q) sum[q][i] = before[q];
    }
    const std::uint16_t* h = buffer + s % 2 * kTileRows * kStride;
#pragma unroll
    for (int k = 0; k < H / 16; k += 2) {
      Word low[2], high[2];
      load_rows(low, high, lane, h, kStride, 16 * k);
#pragma unroll
      for (int q = 0; q < 4; ++q) simt::mma_bf16(sum[q], w[q][k], low);
#pragma unroll
      for (int q = 0; q < 4; ++q) simt::mma_bf16(sum[q], w[q][k + 1], high);
    }
#pragma unroll
    for (int i = 0; i < 4; ++i) {
#pragma unroll
      for (int q = 0; q < 4; ++q) before[q] = sum[q][i];
      cell[i].step(before);
      cell[i].save(a, s);
    }
    // Transposed, a word holds two units of one utterance, as the next step's fragment B wants them.
    const Word first = simt::transpose_matrix(simt::pack_bf16(cell[0].h, cell[1].h)),
               second = simt::transpose_matrix(simt::pack_bf16(cell[2].h, cell[3].h));
    const int into = CUTRACT_PLANTED("gpu_single_buffer") ? s % 2 : (s + 1) % 2;
    std::uint16_t* to = buffer + (into * kTileRows + lane.g) * kStride + 16 * lane.warp + 2 * lane.t;
    *reinterpret_cast<Word*>(to) = first;
    *reinterpret_cast<Word*>(to + 8) = second;
  }
};

template <int H>
__global__ void __launch_bounds__(2 * H, 1) lstm_persistent_kernel(LstmStepsForward a) {
  Forward<H> f(a);
  __syncthreads();
  for (int s = 0; s < f.cell[0].longest; ++s) {
    if (CUTRACT_PLANTED("gpu_early_exit") && !f.cell[0].has(s) && !f.cell[1].has(s)) return;
    f.step(s);
    if (!CUTRACT_PLANTED("gpu_no_barrier")) __syncthreads();
  }
}

template <int H>
struct Backward {
  static constexpr int kStride = 4 * H + 8, kTiles = 4 * H / 16;
  static constexpr std::size_t kShared = 2 * kTileRows * kStride * sizeof(std::uint16_t);

  LstmStepsBackward a;
  Lane lane;
  BackwardCell<H> cell[4];
  // [2, kTileRows, kStride] bf16 gradients of the gates, in the order unit, gate.
  std::uint16_t* buffer = reinterpret_cast<std::uint16_t*>(simt::shared_memory());
  Word w[kTiles][4];  // the warp's 16 columns of w_hh, transposed, in the same order
  float dh[4] = {};

  __device__ explicit Backward(const LstmStepsBackward& steps)
      : a(steps), cell{cell_of(0), cell_of(1), cell_of(2), cell_of(3)} {
    const float* from = pick(a.w_hh, cell[0].d) + 16 * lane.warp;
#pragma unroll
    for (int k = 0; k < kTiles; ++k)
      load_weights(w[k], lane,
                   [&](int row, int column) { return from[(column % 4 * H + 4 * k + column / 4) * H + row]; });
  }
  __device__ BackwardCell<H> cell_of(int i) const {
    return {a, static_cast<int>(blockIdx.x), 2 * lane.t + i % 2, 16 * lane.warp + lane.g + 8 * (i / 2)};
  }

  __device__ void step(int s) {
    std::uint16_t* dgates = buffer + (CUTRACT_PLANTED("gpu_backward_single_buffer") ? 0 : s % 2) * kTileRows * kStride;
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      cell[i].step(s, dh[i]);
      store_gates(dgates + (2 * lane.t + i % 2) * kStride + 4 * cell[i].unit, cell[i].dgate);
      cell[i].save(a, s);
    }
#pragma unroll
    for (int i = 0; i < 4; ++i) cell[i].load(a, s - 1);  // on its way while the product runs
    if (!CUTRACT_PLANTED("gpu_backward_no_barrier")) __syncthreads();
    float even[4] = {}, odd[4] = {};  // two sums: the matrix unit need not wait for itself
#pragma unroll
    for (int k = 0; k < kTiles; k += 2) {
      Word low[2], high[2];
      load_rows(low, high, lane, dgates, kStride, 16 * k);
      simt::mma_bf16(even, w[k], low);
      simt::mma_bf16(odd, w[k + 1], high);
    }
#pragma unroll
    for (int i = 0; i < 4; ++i) dh[i] = even[i] + odd[i];
  }
};

template <int H>
__global__ void __launch_bounds__(2 * H, 1) lstm_persistent_backward_kernel(LstmStepsBackward a) {
  Backward<H> b(a);
  for (int s = b.cell[0].longest - 1; s >= 0; --s) b.step(s);
}

// Tiles of long utterances come first, in both directions.
template <int H, class Steps>
Geometry geometry(const Steps& a, std::size_t shared) {
  const auto tiles = static_cast<unsigned>((a.utterances + kTileRows - 1) / kTileRows);
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
