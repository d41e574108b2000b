#include "kernels/lstm/lstm_cell.cuh"
#include "kernels/lstm/lstm_fragment.cuh"
#include "kernels/lstm/lstm_gpu.h"
#include "kernels/lstm/lstm_resident.cuh"
#include "kernels/simt/simt.cuh"

// The persistent engine on the matrix unit. A block of H/16 warps owns eight utterances in one direction and runs
// through all their steps with one barrier per step. The recurrent weights stay in place as fragments A: in 128
// registers per lane and, for tf32 with H = 128, in as much shared memory again, which takes 1024 clocks per step to
// read. The lanes exchange data (h forward, dgates backward) through two alternating buffers in shared memory, so that
// one step can be written while the slowest warp still reads the previous one.
//
// A warp owns 16 units and all four gates of each. With g = lane / 4 and t = lane % 4, cell i (0 to 3) of the lane's
// fragment D is utterance 2t + i % 2 of the tile and unit 16 warp + g + 8 (i / 2). A lane therefore has i, f, g and o
// of its cells and keeps c, or dc and dh, in registers.
//
// The gates are stored in fp32, as in the other engines. bf16 would halve the 32 bytes that a cell reads and writes for
// its gates in forward.
namespace cutract {
namespace {

constexpr int kNear = 32;  // fragments A that a lane keeps in registers

// The code specific to one number format of the factors. Fragments come in pairs; one load from shared memory serves
// the columns of both.
struct Bf16 {
  using Number = std::uint16_t;
  using Maths = Approximate;
  static constexpr int kColumns = 32;  // columns of a pair
  static constexpr int kPad = 8;       // numbers added to each row in shared memory, so that rows use different banks

  // Fragment `half` of a pair; weight(row, column) covers 16 rows.
  template <class Weight>
  __device__ static Quad<Word> weights(const Lane& lane, int half, Weight weight) {
    Quad<Word> w;
    load_weights(w.word, lane, [&](int row, int column) { return weight(row, 16 * half + column); });
    return w;
  }
  __device__ static void rows(Word (&low)[2], Word (&high)[2], const Lane& lane, const Number* from, int stride) {
    load_rows(low, high, lane, from, stride, 0);
  }
  __device__ static void mma(float (&sum)[4], const Quad<Word>& w, const Word (&b)[2]) {
    simt::mma_bf16(sum, w.word, b);
  }
  // Stores h of a lane's cells, starting at the first of the warp's units. After the transpose, a word holds two units
  // of one utterance.
  __device__ static void store(Number* to, int stride, const Lane& lane, const float (&h)[4]) {
    const Word first = simt::transpose_matrix(simt::pack_bf16(h[0], h[1])),
               second = simt::transpose_matrix(simt::pack_bf16(h[2], h[3]));
    to += lane.g * stride + 2 * lane.t;
    *reinterpret_cast<Word*>(to) = first;
    *reinterpret_cast<Word*>(to + 8) = second;
  }
  __device__ static void store_gates(Number* to, const float (&gate)[4]) { cutract::store_gates(to, gate); }
};

// m16n8k8. The order of columns within a pair is arbitrary as long as weights and rows use the same one. A lane takes
// four neighbouring columns, two for each fragment, so that one 16-byte load reads all of them.
struct Tf32 {
  using Number = Word;
  using Maths = Accurate;
  static constexpr int kColumns = 16, kPad = 16;

  template <class Weight>
  __device__ static Quad<Word> weights(const Lane& lane, int half, Weight weight) {
    Quad<Word> w;
#pragma unroll
    for (int r = 0; r < 4; ++r) {
      const int block = CUTRACT_PLANTED("gpu_swapped_fragment") ? (r + 1) % 4 : r;
      w.word[r] = simt::tf32_bits(weight(lane.g + 8 * (block % 2), 4 * lane.t + 2 * half + r / 2));
    }
    return w;
  }
  __device__ static void rows(Word (&low)[2], Word (&high)[2], const Lane& lane, const Number* from, int stride) {
    const Quad<Word> b = *reinterpret_cast<const Quad<Word>*>(from + lane.g * stride + 4 * lane.t);
    low[0] = b.word[0];
    low[1] = b.word[1];
    high[0] = b.word[2];
    high[1] = b.word[3];
  }
  __device__ static void mma(float (&sum)[4], const Quad<Word>& w, const Word (&b)[2]) {
    simt::mma_tf32(sum, w.word, b);
  }
  __device__ static void store(Number* to, int stride, const Lane& lane, const float (&h)[4]) {
#pragma unroll
    for (int i = 0; i < 4; ++i) to[(2 * lane.t + i % 2) * stride + lane.g + 8 * (i / 2)] = simt::tf32_bits(h[i]);
  }
  __device__ static void store_gates(Number* to, const float (&gate)[4]) {
    *reinterpret_cast<Quad<Word>*>(to) = {simt::tf32_bits(gate[0]), simt::tf32_bits(gate[1]), simt::tf32_bits(gate[2]),
                                          simt::tf32_bits(gate[3])};
  }
};

// The cell i of a lane: its utterance and unit.
template <class OneCell, class Steps>
__device__ OneCell cell_of(const Steps& a, const Lane& lane, int i) {
  return {a, static_cast<int>(blockIdx.x), 2 * lane.t + i % 2, 16 * lane.warp + lane.g + 8 * (i / 2)};
}

// The fragments of a lane for rows of K weights, and the layout of shared memory: first the fragments that do not fit
// in registers, then the two buffers [2, kTileRows, kStride].
template <int H, class Factor, int K, int Fragments>
struct Layout {
  using Weights = Resident < Word, Fragments, Fragments<kNear ? Fragments : kNear, 2 * H>;
  static constexpr int kPairs = K / Factor::kColumns, kStride = K + Factor::kPad, kBuffer = kTileRows * kStride;
  static constexpr std::size_t kShared = Weights::kShared + 2 * kBuffer * sizeof(typename Factor::Number);
  __device__ static typename Factor::Number* buffer() {
    return reinterpret_cast<typename Factor::Number*>(simt::shared_memory() + Weights::kShared);
  }
};

template <int H, class Factor>
struct Forward : Layout<H, Factor, H, 8 * H / Factor::kColumns> {
  using Shared = Layout<H, Factor, H, 8 * H / Factor::kColumns>;
  using Own = ForwardCell<H, typename Factor::Maths>;

  LstmStepsForward a;
  Lane lane;
  Own cell[4];
  typename Factor::Number* buffer = Shared::buffer();  // h
  typename Shared::Weights w{simt::shared_memory()};   // for each gate, the warp's 16 rows of w_hh: [kPairs, 2, 4]

  __device__ explicit Forward(const LstmStepsForward& steps) : a(steps), cell{one(0), one(1), one(2), one(3)} {
#pragma unroll
    for (int i = 0; i < 8 * Shared::kPairs; ++i) {
      const float* from = pick(a.w_hh, cell[0].d) + (i % 4 * H + 16 * lane.warp) * H + i / 8 * Factor::kColumns;
      w.set(i, Factor::weights(lane, i / 4 % 2, [&](int row, int column) { return from[row * H + column]; }));
    }
    for (int i = static_cast<int>(threadIdx.x); i < 2 * Shared::kBuffer; i += 2 * H) buffer[i] = 0;
  }
  __device__ Own one(int i) const { return cell_of<Own>(a, lane, i); }

  __device__ void step(int s) {
    float sum[4][4], before[4];  // indexed by gate and cell: W x + b + R h
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      cell[i].take(a, s, before);
#pragma unroll
      for (int q = 0; q < 4; ++q) sum[q][i] = before[q];
    }
    const auto* h = buffer + s % 2 * Shared::kBuffer;
#pragma unroll
    for (int k = 0; k < Shared::kPairs; ++k) {
      Word low[2], high[2];
      Factor::rows(low, high, lane, h + k * Factor::kColumns, Shared::kStride);
#pragma unroll
      for (int q = 0; q < 4; ++q) Factor::mma(sum[q], w.get(8 * k + q), low);
#pragma unroll
      for (int q = 0; q < 4; ++q) Factor::mma(sum[q], w.get(8 * k + 4 + q), high);
    }
#pragma unroll
    for (int i = 0; i < 4; ++i) {
#pragma unroll
      for (int q = 0; q < 4; ++q) before[q] = sum[q][i];
      cell[i].step(before);
      cell[i].save(a, s);
    }
    const int into = CUTRACT_PLANTED("gpu_single_buffer") ? s % 2 : (s + 1) % 2;
    Factor::store(buffer + into * Shared::kBuffer + 16 * lane.warp, Shared::kStride, lane,
                  {cell[0].h, cell[1].h, cell[2].h, cell[3].h});
  }
};

template <int H, class Factor>
__global__ void __launch_bounds__(2 * H, 1) lstm_persistent_kernel(LstmStepsForward a) {
  Forward<H, Factor> f(a);
  __syncthreads();
  for (int s = 0; s < f.cell[0].longest; ++s) {
    if (CUTRACT_PLANTED("gpu_early_exit") && !f.cell[0].has(s) && !f.cell[1].has(s)) return;
    f.step(s);
    if (!CUTRACT_PLANTED("gpu_no_barrier")) __syncthreads();
  }
}

template <int H, class Factor>
struct Backward : Layout<H, Factor, 4 * H, 8 * H / Factor::kColumns> {
  using Shared = Layout<H, Factor, 4 * H, 8 * H / Factor::kColumns>;
  using Own = BackwardCell<H, typename Factor::Maths>;

  LstmStepsBackward a;
  Lane lane;
  Own cell[4];
  typename Factor::Number* buffer = Shared::buffer();  // gate gradients, in the order unit, gate
  typename Shared::Weights w{simt::shared_memory()};   // the warp's 16 columns of w_hh, transposed: [kPairs, 2]
  float dh[4] = {};

  __device__ explicit Backward(const LstmStepsBackward& steps) : a(steps), cell{one(0), one(1), one(2), one(3)} {
#pragma unroll
    for (int i = 0; i < 2 * Shared::kPairs; ++i) {
      const float* from = pick(a.w_hh, cell[0].d) + i / 2 * (Factor::kColumns / 4) * H + 16 * lane.warp;
      w.set(i, Factor::weights(lane, i % 2,
                               [&](int row, int column) { return from[(column % 4 * H + column / 4) * H + row]; }));
    }
  }
  __device__ Own one(int i) const { return cell_of<Own>(a, lane, i); }

  __device__ void step(int s) {
    auto* dgates = buffer + (CUTRACT_PLANTED("gpu_backward_single_buffer") ? 0 : s % 2) * Shared::kBuffer;
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      cell[i].step(s, dh[i]);
      Factor::store_gates(dgates + (2 * lane.t + i % 2) * Shared::kStride + 4 * cell[i].unit, cell[i].dgate);
      cell[i].save(a, s);
    }
#pragma unroll
    for (int i = 0; i < 4; ++i) cell[i].load(a, s - 1);  // loads while the product runs
    if (!CUTRACT_PLANTED("gpu_backward_no_barrier")) __syncthreads();
    float even[4] = {}, odd[4] = {};  // two sums, so that consecutive products are independent
#pragma unroll
    for (int k = 0; k < Shared::kPairs; ++k) {
      Word low[2], high[2];
      Factor::rows(low, high, lane, dgates + k * Factor::kColumns, Shared::kStride);
      Factor::mma(even, w.get(2 * k), low);
      Factor::mma(odd, w.get(2 * k + 1), high);
    }
#pragma unroll
    for (int i = 0; i < 4; ++i) dh[i] = even[i] + odd[i];
  }
};

template <int H, class Factor>
__global__ void __launch_bounds__(2 * H, 1) lstm_persistent_backward_kernel(LstmStepsBackward a) {
  Backward<H, Factor> b(a);
  for (int s = b.cell[0].longest - 1; s >= 0; --s) b.step(s);
}

// In both directions, tiles of long utterances come first.
template <int H>
Geometry geometry(const LstmSteps& a, std::size_t shared) {
  const auto tiles = static_cast<unsigned>((a.utterances + kTileRows - 1) / kTileRows);
  return {{tiles, static_cast<unsigned>(a.directions)}, {2 * H}, shared};
}

template <int H, class Factor>
void run(GpuExec& ex, const LstmStepsForward& a) {
  launch(ex, "lstm", lstm_persistent_kernel<H, Factor>, geometry<H>(a, Forward<H, Factor>::kShared), a);
}
template <int H, class Factor>
void run(GpuExec& ex, const LstmStepsBackward& a) {
  launch(ex, "lstm_backward", lstm_persistent_backward_kernel<H, Factor>, geometry<H>(a, Backward<H, Factor>::kShared),
         a);
}

template <class Factor, class Steps>
void run(GpuExec& ex, const Steps& a) {
  a.H == 64 ? run<64, Factor>(ex, a) : run<128, Factor>(ex, a);
}
template <class Steps>
void run(GpuExec& ex, const Steps& a, Precision p) {
  if (p == Precision::fp32) return lstm_persistent_fp32(ex, a);
  p == Precision::tf32 ? run<Tf32>(ex, a) : run<Bf16>(ex, a);
}

}  // namespace

void lstm_persistent(GpuExec& ex, const LstmStepsForward& a, Precision p) { run(ex, a, p); }
void lstm_persistent(GpuExec& ex, const LstmStepsBackward& a, Precision p) { run(ex, a, p); }

}  // namespace cutract
