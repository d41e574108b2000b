#pragma once

#include "host/core/plant.h"
#include "kernels/frontend/mel.h"
#include "kernels/frontend/mel_frame_gpu.cuh"
#include "kernels/frontend/short_dft_gpu.cuh"

// The power spectrum of one real frame of any length, computed by one warp in shared memory and float. The method is
// that of kernels/frontend/mel_fft.h: an even n is packed as n/2 complex points, decimation in frequency, in place,
// radices 4, 2, 3 and 5. Lengths with another prime factor are summed by the definition. The lanes of the warp
// synchronise between two passes.
namespace cutract {

// The place of point i: one place in five stays unused, so that lanes a power of four apart use different banks.
CUTRACT_HD inline int padded(int i) { return i + i / 4; }

struct FftPlan {
  int n, points;              // real samples; complex points, 0 if the definition is used
  std::uint64_t radices = 0;  // 4 bits each, the first lowest; an array would be in the threads' local memory

  explicit FftPlan(Index samples) : n(static_cast<int>(samples)), points(n % 2 == 0 ? n / 2 : n) {
    int left = points, at = 0;
    for (const std::uint64_t p : {4, 2, 3, 5})
      for (; left % static_cast<int>(p) == 0 && at < 64; at += 4) {
        radices |= p << at;
        left /= static_cast<int>(p);
      }
    if (left > 1) {
      points = 0;
      radices = 0;
    }
  }
  // Sizes in floats of shared memory: tables per block, memory per warp, and the offset of the power spectrum in the
  // latter.
  Index tables() const { return 2 * Index(n) + points; }
  Index of_warp() const { return points > 0 ? 2 * Index(padded(points)) : n + n % 2; }
  Index power_at() const { return of_warp(); }
};

// The final place of bin k of the complex transform: its digits in reverse.
__device__ inline int place_of(const FftPlan& plan, int k) {
  int place = 0, block = plan.points;
  for (std::uint64_t left = plan.radices; left != 0; left >>= 4) {
    const int p = static_cast<int>(left & 15);
    block /= p;
    place += k % p * block;
    k /= p;
  }
  return padded(place);
}

// Turns each block of N points into P blocks of N / P. A lane owns the P points that it reads and writes.
template <int P>
__device__ inline void fft_pass(const FftPlan& plan, int N, const float2* roots, float2* z, int lane) {
  const int m = N / P, step = plan.n / N;
  const float per_m = 1.0f / static_cast<float>(m);
  for (int b = lane; b < plan.points / P; b += 32) {
    // b / m: adding half keeps the quotient away from integers by a margin that float resolves up to b = 2^20
    const int block = static_cast<int>((static_cast<float>(b) + 0.5f) * per_m), j = b - block * m, at = block * N + j;
    float2 v[P];
    for (int r = 0; r < P; ++r) v[r] = z[padded(at + r * m)];
    short_dft<P>(v);
    z[padded(at)] = v[0];
    for (int r = 1; r < P; ++r)
      z[padded(at + r * m)] = times(v[r], roots[(CUTRACT_PLANTED("mel_gpu_wrong_twiddle") ? 1 : r) * j * step]);
  }
  __syncwarp();
}

// Stores sample i of the frame where the transform expects it.
__device__ inline void put_sample(const FftPlan& plan, float2* z, int i, float v) {
  if (plan.points == 0)
    reinterpret_cast<float*>(z)[i] = v;
  else if (plan.points == plan.n)
    z[padded(i)] = make_float2(v, 0);
  else
    reinterpret_cast<float*>(z + padded(i / 2))[i % 2] = v;
}

__device__ inline void power_by_definition(int n, int samples, const float2* roots, const float* x, float* power,
                                           int lane) {
  for (int k = lane; k <= n / 2; k += 32) {
    float re = 0, im = 0;
    for (int i = 0, turn = 0; i < samples; ++i) {
      re += x[i] * roots[turn].x;
      im += x[i] * roots[turn].y;
      turn = turn + k < n ? turn + k : turn + k - n;
    }
    power[k] = re * re + im * im;
  }
}

// With E = z[k] + z*[-k] and O = (z[k] - z*[-k]) / j: X[k] = (E + w_n^k O) / 2 and X[n/2 - k] = (E - w_n^k O)* / 2.
__device__ inline void unpack_power(const FftPlan& plan, const int* place, const float2* roots, const float2* z,
                                    float* power, int lane) {
  const int points = plan.points;
  for (int k = lane; 2 * k <= points; k += 32) {
    const float2 a = z[place[k]], b = z[place[k > 0 ? points - k : 0]];
    const float2 even = make_float2(a.x + b.x, a.y - b.y), odd = times(make_float2(a.y + b.y, b.x - a.x), roots[k]);
    power[k] = 0.25f * norm(plus(even, odd));
    power[points - k] = 0.25f * norm(minus(even, odd));
  }
}

class FftByPlan {
 public:
  using Plan = FftPlan;
  static constexpr double kWindowScale = 1;
  static constexpr int kBlocks = 4;

  // All threads of a block build its tables together, in shared memory. They must synchronise before the first power().
  __device__ FftByPlan(const MelArgs& a, const FftPlan& plan, float* tables)
      : plan_(plan),
        roots_(reinterpret_cast<float2*>(tables)),
        place_(reinterpret_cast<int*>(tables) + 2 * static_cast<Index>(plan.n)) {
    const int thread = static_cast<int>(threadIdx.x), threads = static_cast<int>(blockDim.x);
    for (int i = thread; i < plan.n; i += threads)
      roots_[i] = make_float2(static_cast<float>(a.roots.data[2 * i]), static_cast<float>(a.roots.data[2 * i + 1]));
    for (int k = thread; k < plan.points; k += threads) place_[k] = place_of(plan, k);
  }

  // Computes power [n/2 + 1 + kSilentBins] from a frame, using memory [of_warp()]. All lanes of a warp call it; they
  // are synchronised when it returns.
  __device__ void power(const Frame& f, float* memory, float* power, int lane) const {
    auto* z = reinterpret_cast<float2*>(memory);
    put_frame(f, z, lane);
    int N = plan_.points;
    for (std::uint64_t left = plan_.radices; left != 0; N /= static_cast<int>(left & 15), left >>= 4) {
      switch (left & 15) {
        case 4:
          fft_pass<4>(plan_, N, roots_, z, lane);
          break;
        case 2:
          fft_pass<2>(plan_, N, roots_, z, lane);
          break;
        case 3:
          fft_pass<3>(plan_, N, roots_, z, lane);
          break;
        default:
          fft_pass<5>(plan_, N, roots_, z, lane);
      }
    }
    if (plan_.points == 0)
      power_by_definition(plan_.n, f.size, roots_, memory, power, lane);
    else if (plan_.points < plan_.n)
      unpack_power(plan_, place_, roots_, z, power, lane);
    else
      for (int k = lane; k <= plan_.n / 2; k += 32) power[k] = norm(z[place_[k]]);
    put_silent_bins(power + plan_.n / 2 + 1, lane);
    __syncwarp();
  }

 private:
  __device__ void put_frame(const Frame& f, float2* z, int lane) const {
    float mean = 0;
    if (f.remove_dc) {
      for (int i = lane; i < f.size; i += 32) mean += f.samples[i];
      mean = warp_sum(mean) / static_cast<float>(f.size);
    }
    for (int i = lane; i < plan_.n; i += 32) {
      float v = 0;
      if (i < f.size) {
        const float now = f.samples[i] - mean, before = f.samples[i > 0 ? i - 1 : 0] - mean;
        v = (now - f.preemphasis * before) * f.window[i];
      }
      put_sample(plan_, z, i, v);
    }
    __syncwarp();
  }

  FftPlan plan_;
  float2* roots_;
  int* place_;
};

}  // namespace cutract
