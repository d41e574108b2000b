#pragma once

#include "host/core/plant.h"
#include "kernels/frontend/mel.h"
#include "kernels/frontend/mel_frame_gpu.cuh"
#include "kernels/frontend/short_dft_gpu.cuh"

// The power spectrum of one real frame of 2 kN samples, computed by one warp. The frame is packed as kN complex points,
// which stay in registers through three passes of Stockham's algorithm with radices R0, R1, R2. The twiddles stay in
// registers from frame to frame.
//
// Between two passes the points change lanes through the warp's own slice of shared memory, with one 64-bit store and
// one 64-bit load each. Shuffles would need 5 kN / 32 exchanges of a complex point (one for each bit of the lane), each
// with three selections between the two registers involved: for 512 samples, 80 SHFL and 240 SEL compared with 16 STS
// and 16 LDS. Only the mirror bins are exchanged by shuffles, because there the register is known at compile time.
namespace cutract {

template <int kN, int R0, int R1, int R2>
class FftInRegisters {
  static_assert(R0 * R1 * R2 == kN);
  // Number of butterflies of a lane; lane l has numbers l, l + 32, ...
  static constexpr int each(int radix) { return (kN / radix + 31) / 32; }
  static constexpr int kLast = each(R2), kLanes = kN / R2 < 32 ? kN / R2 : 32;  // lanes of the last pass
  static constexpr int kBins = kN / kLanes;                                     // per lane: l, l + kLanes, ...
  static constexpr int kTurns = 32 % R0 == 0 ? 1 : each(R1);  // butterflies of a lane that have their own twiddles

  // The places of points between passes are chosen so that the 16 lanes that access memory at a time use 16 different
  // 64-bit banks. Between the first two passes one place in 17 stays unused unless R0 is odd; after that, points are in
  // rows of R0 R1 that begin R0 banks apart.
  CUTRACT_HD static constexpr int padded(int i) { return R0 % 2 == 0 ? i + i / 16 : i; }
  static constexpr int kRow = R0 * R1 + (R0 + 16 * R1 - R0 * R1) % 16;
  static_assert(R0 % 2 == 1 || (16 % R0 == 0 && kN / R1 % 16 == 0), "padded(a + b) is to be padded(a) + padded(b)");
  CUTRACT_HD static constexpr int row_place(int j) { return j / R0 * kRow + j % R0; }
  template <class Place>
  static constexpr bool banks_differ(int butterflies, Place place) {
    for (int a = 0; a < butterflies; ++a)
      for (int b = a / 16 * 16; b < a; ++b)
        if ((place(a) - place(b)) % 16 == 0) return false;
    return true;
  }

 public:
  struct Plan {
    explicit Plan(Index) {}
    Index tables() const { return 2 * (R2 - 1) * R0 * R1 + kN; }
    Index of_warp() const { return 2 * (padded(kN) > R2 * kRow ? padded(kN) : R2 * kRow); }
    Index power_at() const { return 0; }
  };
  static constexpr double kWindowScale = 0.5;
  static constexpr int kBlocks = 3;

  __device__ FftInRegisters(const MelArgs& a, const Plan&, float* tables)
      : third_(reinterpret_cast<float2*>(tables)), mirror_(third_ + (R2 - 1) * R0 * R1) {
    static_assert(banks_differ(kN / R0, [](int j) { return padded(R0 * j); }) && banks_differ(32, padded) &&
                  banks_differ(kN / R1, row_place));
    const int lane = static_cast<int>(threadIdx.x % 32);
    const auto root = [&](int i) {
      return make_float2(static_cast<float>(a.roots.data[2 * i]), static_cast<float>(a.roots.data[2 * i + 1]));
    };
#pragma unroll
    for (int r = 1; r < R1; ++r)
#pragma unroll
      for (int b = 0; b < kTurns; ++b) second_[b][r - 1] = root((lane + 32 * b) % R0 * r * 2 * R2);
    const int thread = static_cast<int>(threadIdx.x), threads = static_cast<int>(blockDim.x);
    for (int i = thread; i < (R2 - 1) * R0 * R1; i += threads)
      third_[i] = root(2 * (i % (R0 * R1)) * (CUTRACT_PLANTED("mel_registers_wrong_twiddle") ? 1 : 1 + i / (R0 * R1)));
    for (int k = thread; k < kN / 2; k += threads) mirror_[k] = root(k);
  }

  // Computes power [kN + 1 + kSilentBins] from a frame; `power` may overlap `memory`. All lanes of a warp call it after
  // synchronising, and they are synchronised when it returns. f.size must be even, and f.samples and f.window aligned
  // to 8 bytes.
  __device__ void power(const Frame& f, float* memory, float* power, int lane) const {
    auto* z = reinterpret_cast<float2*>(memory);
    first_pass(f, z, lane);
    meet();
    second_pass(z, lane);
    float2 bins[kBins] = {};
    third_pass(z, bins, lane);
    meet();
    unpack(bins, power, lane);
    __syncwarp();
  }

 private:
  static __device__ void meet() {
    if (!CUTRACT_PLANTED("mel_registers_no_syncwarp")) __syncwarp();
  }

  static __device__ void first_pass(const Frame& f, float2* z, int lane) {
    constexpr int m = kN / R0;
    float2 v[each(R0)][R0];
    load<m>(f, v, lane);
#pragma unroll
    for (int b = 0; b < each(R0); ++b) {
      if (lane + 32 * b >= m) continue;
      short_dft<R0>(v[b]);
      float2* at = z + padded(R0 * (lane + 32 * b));
#pragma unroll
      for (int r = 0; r < R0; ++r) at[r] = v[b][r];
    }
  }

  // v[b][r] = point lane + 32 b + m r: a pair of samples, as input of the transform.
  template <int m>
  static __device__ void load(const Frame& f, float2 (&v)[each(R0)][R0], int lane) {
    const auto* pairs = reinterpret_cast<const float2*>(f.samples);
    const auto* window = reinterpret_cast<const float2*>(f.window);
    const auto inside = [&](int b, int r) { return lane + 32 * b < m && 2 * (lane + 32 * b + m * r) < f.size; };
    float mean = 0;
#pragma unroll
    for (int b = 0; b < each(R0); ++b)
#pragma unroll
      for (int r = 0; r < R0; ++r) {
        v[b][r] = inside(b, r) ? pairs[lane + 32 * b + m * r] : make_float2(0, 0);
        mean += v[b][r].x + v[b][r].y;
      }
    const bool plain = f.plain();
    if (!plain) mean = f.remove_dc ? warp_sum(mean) / static_cast<float>(f.size) : 0;
#pragma unroll
    for (int b = 0; b < each(R0); ++b)
#pragma unroll
      for (int r = 0; r < R0; ++r) {
        if (!inside(b, r)) continue;
        const int i = lane + 32 * b + m * r;
        if (!plain) {
          const float now = v[b][r].x - mean, next = v[b][r].y - mean;
          const float before = i > 0 ? f.samples[2 * i - 1] - mean : now;
          v[b][r] = make_float2(now - f.preemphasis * before, next - f.preemphasis * now);
        }
        v[b][r].x *= window[i].x;
        v[b][r].y *= window[i].y;
      }
  }

  __device__ void second_pass(float2* z, int lane) const {
    constexpr int m = kN / R1;
    float2 v[each(R1)][R1];
#pragma unroll
    for (int b = 0; b < each(R1); ++b)
      if (lane + 32 * b < m)
#pragma unroll
        for (int r = 0; r < R1; ++r) v[b][r] = z[padded(lane) + padded(32 * b + m * r)];
    meet();
#pragma unroll
    for (int b = 0; b < each(R1); ++b) {
      const int j = lane + 32 * b;
      if (j >= m) continue;
#pragma unroll
      for (int r = 1; r < R1; ++r) v[b][r] = times(v[b][r], second_[b % kTurns][r - 1]);
      short_dft<R1>(v[b]);
      float2* at = z + row_place(j);
#pragma unroll
      for (int r = 0; r < R1; ++r) at[r * R0] = v[b][r];
    }
    meet();
  }

  // bins[b + kLast r] = bin lane + 32 b + R0 R1 r
  __device__ void third_pass(const float2* z, float2 (&bins)[kBins], int lane) const {
    if (lane >= kLanes) return;
#pragma unroll
    for (int b = 0; b < kLast; ++b) {
      float2 v[R2];
#pragma unroll
      for (int r = 0; r < R2; ++r) v[r] = z[r * kRow + lane + 32 * b];
#pragma unroll
      for (int r = 1; r < R2; ++r) v[r] = times(v[r], third_[(r - 1) * R0 * R1 + lane + 32 * b]);
      short_dft<R2>(v);
#pragma unroll
      for (int r = 0; r < R2; ++r) bins[b + kLast * r] = v[r];
    }
  }

  // The same as unpack_power in mel_fft_gpu.cuh; the factor 1/2 is already in the window. Bin kN - k of k = lane +
  // kLanes q is held by lane kLanes - lane as its point kBins - 1 - q; lane 0 finds its mirror bins in its own
  // registers.
  __device__ void unpack(const float2 (&bins)[kBins], float* power, int lane) const {
    const int from = lane > 0 && lane < kLanes ? kLanes - lane : 0;
#pragma unroll
    for (int q = 0; q < kBins / 2; ++q) {
      const float2 a = bins[q], give = lane > 0 ? bins[kBins - 1 - q] : bins[(kBins - q) % kBins];
      const float2 b = make_float2(__shfl_sync(0xffffffffu, give.x, from), __shfl_sync(0xffffffffu, give.y, from));
      const float2 even = make_float2(a.x + b.x, a.y - b.y),
                   odd = times(make_float2(a.y + b.y, b.x - a.x), mirror_[lane + kLanes * q]);
      if (lane >= kLanes) continue;
      power[lane + kLanes * q] = norm(plus(even, odd));
      power[kN - lane - kLanes * q] = norm(minus(even, odd));
    }
    if (lane == 0) power[kN / 2] = 4 * norm(bins[kBins / 2]);
    put_silent_bins(power + kN + 1, lane);
  }

  float2 second_[kTurns][R1 - 1];
  float2 *third_, *mirror_;
};

}  // namespace cutract
