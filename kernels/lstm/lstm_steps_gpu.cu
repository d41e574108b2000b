#include "kernels/lstm/lstm_gpu.h"
#include "kernels/lstm/lstm_tile.cuh"
#include "kernels/math.h"
#include "kernels/simt/simt.cuh"

namespace cutract {
namespace {

constexpr int kMostThreads = 512;

// The utterances of a block, and one thread's part of the work on them.
struct Tile {
  const LstmSteps& a;
  int d = static_cast<int>(blockIdx.y), first, longest, thread = static_cast<int>(threadIdx.x),
      threads = static_cast<int>(blockDim.x);

  __device__ Tile(const LstmSteps& steps, int rows)
      : a(steps), first(static_cast<int>(blockIdx.x) * rows), longest(row(0).length) {}
  __device__ Span row(int r) const { return span_of(a, first + r); }
  // The index of step s of a row in an array [N, D, ...].
  __device__ Index at(const Span& u, int s) const { return u.frame(d, s) * a.directions + d; }
  // Returns n zeros in shared memory.
  __device__ float* zeros(int n) const {
    float* all = reinterpret_cast<float*>(simt::shared_memory());
    for (int i = thread; i < n; i += threads) all[i] = 0;
    __syncthreads();
    return all;
  }
};

// A block owns Rows utterances in one direction. At each step, thread j computes gate columns j, j + blockDim, ... of
// all rows, and then cells. The whole block synchronises between the two, since a cell needs four columns and a column
// needs all of h. A cell stays with its thread, so c needs no barrier. Every sum runs over k in order, for any value of
// Rows.
template <int Rows>
__global__ void __launch_bounds__(kMostThreads) lstm_steps_kernel(LstmStepsForward a) {
  const Tile tile(a, Rows);
  const int H = a.H;
  float* h = tile.zeros(H * Rows);  // [H, Rows]
  for (int s = 0; s < tile.longest; ++s) {
    for (int j = tile.thread; j < 4 * H; j += tile.threads) {
      const float* w = pick(a.w_t, tile.d) + j;
      float sum[Rows] = {};
      for (int k = 0; k < H; ++k)
        for (int r = 0; r < Rows; ++r) sum[r] += w[Index(k) * 4 * H] * h[k * Rows + r];
      const float bias = pick(a.b_ih, tile.d)[j] + pick(a.b_hh, tile.d)[j];
      for (int r = 0; r < Rows; ++r) {
        const Span u = tile.row(r);
        if (s < u.length) a.gates[tile.at(u, s) * 4 * H + j] += sum[r] + bias;
      }
    }
    if (!CUTRACT_PLANTED("gpu_cells_do_not_wait")) __syncthreads();
    for (int cell = tile.thread; cell < H * Rows; cell += tile.threads) {
      const int r = cell / H, j = cell % H;
      const Span u = tile.row(r);
      if (s >= u.length) continue;
      const Index n = tile.at(u, s);
      float* gate = a.gates + n * 4 * H + j;
      const float i = sigmoid(gate[0]), f = sigmoid(gate[H]), g = tanh_fast(gate[2 * H]), o = sigmoid(gate[3 * H]);
      gate[0] = i;
      gate[H] = f;
      gate[2 * H] = g;
      gate[3 * H] = o;
      const float before = s > 0 ? a.c[tile.at(u, s - 1) * H + j] : 0.0f;
      const float c = f * before + i * g, out = o * tanh_fast(c);
      a.c[n * H + j] = c;
      a.h[n * H + j] = out;
      h[j * Rows + r] = out;
    }
    if (!CUTRACT_PLANTED("gpu_columns_do_not_wait")) __syncthreads();
  }
}

// The same backward in time. A thread owns a cell, whose gates it replaces by their gradients, and then one gate's
// share of the gradient of h at k: dh[k] = sum over gates q and units j of w_hh[q, j, k] dgates[q, j].
template <int Rows>
__global__ void __launch_bounds__(kMostThreads) lstm_steps_backward_kernel(LstmStepsBackward a) {
  const Tile tile(a, Rows);
  const int H = a.H;
  float* carry_h = tile.zeros(5 * Rows * H);  // [4, Rows, H] the shares of each gate
  float* carry_c = carry_h + 4 * Rows * H;    // [Rows, H]
  for (int s = tile.longest - 1; s >= 0; --s) {
    for (int cell = tile.thread; cell < H * Rows; cell += tile.threads) {
      const int r = cell / H, j = cell % H;
      const Span u = tile.row(r);
      if (s >= u.length) continue;
      const Index n = tile.at(u, s);
      float* gate = a.gates + n * 4 * H + j;
      const float i = gate[0], f = gate[H], g = gate[2 * H], o = gate[3 * H], t = tanh_fast(a.c[n * H + j]);
      const float before = s > 0 ? a.c[tile.at(u, s - 1) * H + j] : 0.0f;
      float dh = a.dh[n * H + j];
      for (int q = 0; q < 4; ++q) dh += carry_h[q * Rows * H + cell];
      const float dc = carry_c[cell] + dh * o * (1 - t * t);
      gate[0] = dc * g * i * (1 - i);
      gate[H] = dc * before * f * (1 - f);
      gate[2 * H] = dc * i * (1 - g * g);
      gate[3 * H] = dh * t * o * (1 - o);
      carry_c[cell] = dc * f;
    }
    if (!CUTRACT_PLANTED("gpu_shares_do_not_wait")) __syncthreads();
    for (int j = tile.thread; j < 4 * H; j += tile.threads) {
      const int q = j / H, k = j % H;
      const float* w = pick(a.w_hh, tile.d) + Index(q) * H * H + k;
      float sum[Rows] = {};
      const float* dgates[Rows];  // this gate, in the row's frame; null for a row that has not begun
      for (int r = 0; r < Rows; ++r) {
        const Span u = tile.row(r);
        dgates[r] = s < u.length ? a.gates + (tile.at(u, s) * 4 + q) * H : nullptr;
      }
      for (int unit = 0; unit < H; ++unit)
        for (int r = 0; r < Rows; ++r)
          if (dgates[r]) sum[r] += w[Index(unit) * H] * dgates[r][unit];
      for (int r = 0; r < Rows; ++r) carry_h[(q * Rows + r) * H + k] = sum[r];
    }
    __syncthreads();
  }
}

constexpr int kRows = 8;

// Each block takes kRows utterances if their state (at most five floats per cell) is small compared with shared memory,
// and otherwise one.
template <class Steps>
void launch_steps(GpuExec& ex, const char* op, void (*many)(Steps), void (*one)(Steps), const Steps& a, int floats) {
  const int rows = a.H <= 512 ? kRows : 1, threads = (4 * a.H + 31) / 32 * 32;
  const Geometry g{{static_cast<unsigned>((a.utterances + rows - 1) / rows), static_cast<unsigned>(a.directions)},
                   {static_cast<unsigned>(threads < kMostThreads ? threads : kMostThreads)},
                   sizeof(float) * static_cast<std::size_t>(floats * rows * a.H)};
  launch(ex, op, rows == kRows ? many : one, g, a);
}

}  // namespace

void lstm_steps(GpuExec& ex, const LstmStepsForward& a) {
  launch_steps(ex, "lstm", lstm_steps_kernel<kRows>, lstm_steps_kernel<1>, a, 1);
}
void lstm_steps(GpuExec& ex, const LstmStepsBackward& a) {
  launch_steps(ex, "lstm_backward", lstm_steps_backward_kernel<kRows>, lstm_steps_backward_kernel<1>, a, 5);
}

}  // namespace cutract
