#include "kernels/lstm/lstm_cell.cuh"
#include "kernels/lstm/lstm_gpu.h"
#include "kernels/lstm/lstm_resident.cuh"
#include "kernels/simt/simt.cuh"

// The persistent engine without the matrix unit. A block of 4 H threads owns four utterances in one direction. With H =
// 128 the weights fill the registers and as much shared memory again, so each thread keeps 64 of its 128 weights in
// each. A step is bound by its multiplications: an SM does 128 per clock, which makes 2048 clocks for H = 128. Eight
// utterances would take twice as long.
//
// Lane (g, t) of a warp, with g = lane / 4 and t = lane % 4, owns the cell of unit 8 warp + g and utterance t. Each
// number read from shared memory (h forward, dgates backward) should serve several products, so a lane sums a part of K
// for several cells of its neighbours as well. The lanes of a group then fold their sums, each keeping the half that
// contains its own cell. With two alternating buffers, one barrier per step is enough.
namespace cutract {
namespace {

constexpr int kRows = 4;   // utterances per block
constexpr int kNear = 16;  // quads of weights that a lane keeps in registers

using Weight4 = Quad<float>;
using Row4 = Quad<float>;  // one number for each utterance

template <int H>
using Weights = Resident<float, H / 4, H / 4 < kNear ? H / 4 : kNear, 4 * H>;

// sum[i, j] += left[i] right[j]
template <int L, int R>
__device__ void add_outer(float (&sum)[L * R], const float (&left)[L], const float (&right)[R]) {
#pragma unroll
  for (int i = 0; i < L; ++i)
#pragma unroll
    for (int j = 0; j < R; ++j) sum[i * R + j] += left[i] * right[j];
}

// Adds the sums of two lanes whose numbers differ in `bit`; the lane with the bit set keeps the upper half.
template <int N>
__device__ void fold(const float (&sum)[2 * N], int bit, float (&own)[N]) {
  const bool upper = ((threadIdx.x & static_cast<unsigned>(bit)) != 0) != CUTRACT_PLANTED("gpu_swapped_fold");
#pragma unroll
  for (int i = 0; i < N; ++i)
    own[i] = (upper ? sum[N + i] : sum[i]) + __shfl_xor_sync(0xffffffffu, upper ? sum[i] : sum[N + i], bit);
}

// A lane sums the four gates of its unit, for all utterances, over the k with k % 4 = t.
template <int H>
struct Forward {
  static constexpr int kBuffer = kRows * H;
  static constexpr std::size_t kShared = Weights<H>::kShared + 2 * kBuffer * sizeof(float);

  LstmStepsForward a;
  int thread = static_cast<int>(threadIdx.x), t = thread % 4;
  ForwardCell<H, Accurate, kRows> cell;
  Weights<H> w{simt::shared_memory()};  // quad i: weights of the four gates for k = 4 i + t
  float* buffer = reinterpret_cast<float*>(simt::shared_memory() + Weights<H>::kShared);  // [2, H, kRows] h

  __device__ explicit Forward(const LstmStepsForward& steps)
      : a(steps), cell(a, static_cast<int>(blockIdx.x), t, thread / 4) {
    const float* from = pick(a.w_hh, cell.d) + cell.unit * H + t;
#pragma unroll
    for (int i = 0; i < H / 4; ++i)
      w.set(i, {from[4 * i], from[H * H + 4 * i], from[2 * H * H + 4 * i], from[3 * H * H + 4 * i]});
    buffer[thread] = 0;
  }

  __device__ void step(int s) {
    const Row4* h = reinterpret_cast<const Row4*>(buffer + s % 2 * kBuffer) + t;
    float sum[kRows * 4] = {}, half[kRows * 2], own[4], before[4];  // indexed by utterance and gate
#pragma unroll
    for (int i = 0; i < H / 4; ++i) add_outer(sum, h[4 * i].word, w.get(i).word);
    fold(sum, 2, half);
    fold(half, 1, own);
    cell.take(a, s, before);
#pragma unroll
    for (int q = 0; q < 4; ++q) before[q] += own[q];
    cell.step(before);
    cell.save(a, s);
    buffer[(CUTRACT_PLANTED("gpu_single_buffer") ? s % 2 : (s + 1) % 2) * kBuffer + thread] = cell.h;
  }
};

template <int H>
__global__ void __launch_bounds__(4 * H, 1) lstm_persistent_fp32_kernel(LstmStepsForward a) {
  Forward<H> f(a);
  __syncthreads();
  for (int s = 0; s < f.cell.longest; ++s) {
    if (CUTRACT_PLANTED("gpu_early_exit") && !f.cell.has(s)) return;
    f.step(s);
    if (!CUTRACT_PLANTED("gpu_no_barrier")) __syncthreads();
  }
}

// Eight lanes share two units. Each lane sums both units, for all utterances, over the rows j of w_hh with j % 8 = lane
// % 8.
template <int H>
struct Backward {
  static constexpr int kBuffer = 4 * H * kRows;
  static constexpr std::size_t kShared = Weights<H>::kShared + 2 * kBuffer * sizeof(float);

  LstmStepsBackward a;
  int thread = static_cast<int>(threadIdx.x), part = thread % 8;
  BackwardCell<H, Accurate, kRows> cell;
  Weights<H> w{simt::shared_memory()};  // quad i: row 16 i + part for both units, then row 16 i + 8 + part
  float* buffer = reinterpret_cast<float*>(simt::shared_memory() + Weights<H>::kShared);  // [2, 4H, kRows] dgates
  float dh = 0;

  __device__ explicit Backward(const LstmStepsBackward& steps)
      : a(steps), cell(a, static_cast<int>(blockIdx.x), thread % 4, thread / 4) {
    const float* from = pick(a.w_hh, cell.d) + part * H + thread / 8 * 2;
#pragma unroll
    for (int i = 0; i < H / 4; ++i) {
      const float *first = from + 16 * i * H, *second = first + 8 * H;
      w.set(i, {first[0], first[1], second[0], second[1]});
    }
  }

  __device__ void step(int s) {
    float* dgates = buffer + (CUTRACT_PLANTED("gpu_backward_single_buffer") ? 0 : s % 2) * kBuffer;
    cell.step(s, dh);
#pragma unroll
    for (int q = 0; q < 4; ++q) dgates[q * kRows * H + thread] = cell.dgate[q];
    cell.save(a, s);
    cell.load(a, s - 1);  // loads while the product runs
    if (!CUTRACT_PLANTED("gpu_backward_no_barrier")) __syncthreads();
    const Row4* rows = reinterpret_cast<const Row4*>(dgates) + part;
    float sum[2 * kRows] = {}, four[4], two[2], one[1];  // indexed by unit and utterance
#pragma unroll
    for (int i = 0; i < H / 4; ++i) {
      const Weight4 v = w.get(i);
      const float first[2] = {v.word[0], v.word[1]}, second[2] = {v.word[2], v.word[3]};
      add_outer(sum, first, rows[16 * i].word);
      add_outer(sum, second, rows[16 * i + 8].word);
    }
    fold(sum, 4, four);
    fold(four, 2, two);
    fold(two, 1, one);
    dh = one[0];
  }
};

template <int H>
__global__ void __launch_bounds__(4 * H, 1) lstm_persistent_fp32_backward_kernel(LstmStepsBackward a) {
  Backward<H> b(a);
  for (int s = b.cell.longest - 1; s >= 0; --s) b.step(s);
}

template <int H, class Steps>
Geometry geometry(const Steps& a, std::size_t shared) {
  const auto tiles = static_cast<unsigned>((a.utterances + kRows - 1) / kRows);
  return {{tiles, static_cast<unsigned>(a.directions)}, {4 * H}, shared};
}

}  // namespace

void lstm_persistent_fp32(GpuExec& ex, const LstmStepsForward& a) {
  if (a.H == 64)
    launch(ex, "lstm", lstm_persistent_fp32_kernel<64>, geometry<64>(a, Forward<64>::kShared), a);
  else
    launch(ex, "lstm", lstm_persistent_fp32_kernel<128>, geometry<128>(a, Forward<128>::kShared), a);
}

void lstm_persistent_fp32(GpuExec& ex, const LstmStepsBackward& a) {
  if (a.H == 64)
    launch(ex, "lstm_backward", lstm_persistent_fp32_backward_kernel<64>, geometry<64>(a, Backward<64>::kShared), a);
  else
    launch(ex, "lstm_backward", lstm_persistent_fp32_backward_kernel<128>, geometry<128>(a, Backward<128>::kShared), a);
}

}  // namespace cutract
