#pragma once

#include "host/core/plant.h"
#include "kernels/simt/simt.cuh"

// The power spectrum of one real frame by one warp, in shared memory and float. As kernels/mel_fft.h: an even n is
// packed as n/2 complex points, decimation in frequency, in place, radices 4, 2, 3 and 5; what has another prime factor
// is summed by the definition. Between two steps the lanes of the warp meet.
namespace cutract {

constexpr int kMostRadices = 16;

struct FftPlan {
  int n = 0, points = 0;  // real samples; complex points, 0: by the definition
  int radices = 0, radix[kMostRadices] = {};
};

inline FftPlan fft_plan(int n) {
  FftPlan plan;
  plan.n = n, plan.points = n % 2 == 0 ? n / 2 : n;
  int left = plan.points;
  for (const int p : {4, 2, 3, 5})
    while (left % p == 0 && plan.radices < kMostRadices) plan.radix[plan.radices++] = p, left /= p;
  if (left > 1) plan.points = plan.radices = 0;
  return plan;
}

// Where point i lies: one place in five stays empty, so that lanes a power of four apart meet different banks.
CUTRACT_HD inline int padded(int i) { return i + i / 4; }
// Points of memory that a frame takes, samples included.
CUTRACT_HD inline int frame_points(const FftPlan& p) { return p.points > 0 ? padded(p.points) : (p.n + 1) / 2; }

// Where bin k of the complex transform ends up: its digits in reverse.
__device__ inline int place_of(const FftPlan& plan, int k) {
  int place = 0, block = plan.points;
  for (int i = 0; i < plan.radices; ++i) {
    const int p = plan.radix[i];
    block /= p, place += k % p * block, k /= p;
  }
  return padded(place);
}

__device__ inline float2 plus(float2 a, float2 b) { return make_float2(a.x + b.x, a.y + b.y); }
__device__ inline float2 minus(float2 a, float2 b) { return make_float2(a.x - b.x, a.y - b.y); }
__device__ inline float2 times(float2 a, float2 w) { return make_float2(a.x * w.x - a.y * w.y, a.x * w.y + a.y * w.x); }
__device__ inline float2 minus_j(float2 a) { return make_float2(a.y, -a.x); }
__device__ inline float norm(float2 a) { return a.x * a.x + a.y * a.y; }

// v[k] = sum_r v[r] exp(-2 pi j k r / P).
template <int P>
__device__ inline void short_dft(float2 (&v)[P]) {
  if constexpr (P == 2) {
    const float2 a = v[0];
    v[0] = plus(a, v[1]), v[1] = minus(a, v[1]);
  } else if constexpr (P == 4) {
    const float2 sum_ac = plus(v[0], v[2]), sum_bd = plus(v[1], v[3]), dif_ac = minus(v[0], v[2]),
                 dif_bd = minus_j(minus(v[1], v[3]));
    v[0] = plus(sum_ac, sum_bd), v[1] = plus(dif_ac, dif_bd);
    v[2] = minus(sum_ac, sum_bd), v[3] = minus(dif_ac, dif_bd);
  } else if constexpr (P == 3) {
    const float2 sum = plus(v[1], v[2]), dif = minus_j(minus(v[1], v[2]));
    const float2 even = make_float2(v[0].x - 0.5f * sum.x, v[0].y - 0.5f * sum.y);
    const float2 odd = make_float2(0.86602540378f * dif.x, 0.86602540378f * dif.y);
    v[0] = plus(v[0], sum), v[1] = plus(even, odd), v[2] = minus(even, odd);
  } else {
    static_assert(P == 5);
    constexpr float c1 = 0.30901699437f, c2 = -0.80901699437f, s1 = 0.95105651630f, s2 = 0.58778525229f;
    const float2 p = plus(v[1], v[4]), q = plus(v[2], v[3]), d = minus_j(minus(v[1], v[4])),
                 e = minus_j(minus(v[2], v[3])), first = v[0];
    const float2 even1 = make_float2(first.x + c1 * p.x + c2 * q.x, first.y + c1 * p.y + c2 * q.y);
    const float2 even2 = make_float2(first.x + c2 * p.x + c1 * q.x, first.y + c2 * p.y + c1 * q.y);
    const float2 odd1 = make_float2(s1 * d.x + s2 * e.x, s1 * d.y + s2 * e.y);
    const float2 odd2 = make_float2(s2 * d.x - s1 * e.x, s2 * d.y - s1 * e.y);
    v[0] = plus(first, plus(p, q));
    v[1] = plus(even1, odd1), v[4] = minus(even1, odd1), v[2] = plus(even2, odd2), v[3] = minus(even2, odd2);
  }
}

// Turns each block of N points into P blocks of N / P. A lane owns the P points that it reads and writes back.
template <int P>
__device__ inline void fft_pass(const FftPlan& plan, int N, const float2* roots, float2* z, int lane) {
  const int m = N / P, step = plan.n / N;
  const float per_m = 1.0f / static_cast<float>(m);
  for (int b = lane; b < plan.points / P; b += 32) {
    // b / m: half a step from the nearest whole number, which float tells apart up to b = 2^20
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

// Puts sample i of the frame where the transform wants it.
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
      re += x[i] * roots[turn].x, im += x[i] * roots[turn].y;
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

// The `samples` first of the n samples of z may differ from 0. roots [n], place [points]; z is overwritten. All lanes
// of a warp call it, after they have met; they have met again when it returns.
__device__ inline void power_spectrum(const FftPlan& plan, int samples, const float2* roots, const int* place,
                                      float2* z, float* power, int lane) {
  for (int i = 0, N = plan.points; i < plan.radices; N /= plan.radix[i++]) {
    switch (plan.radix[i]) {
      case 4:
        fft_pass<4>(plan, N, roots, z, lane);
        break;
      case 2:
        fft_pass<2>(plan, N, roots, z, lane);
        break;
      case 3:
        fft_pass<3>(plan, N, roots, z, lane);
        break;
      default:
        fft_pass<5>(plan, N, roots, z, lane);
    }
  }
  if (plan.points == 0)
    power_by_definition(plan.n, samples, roots, reinterpret_cast<const float*>(z), power, lane);
  else if (plan.points < plan.n)
    unpack_power(plan, place, roots, z, power, lane);
  else
    for (int k = lane; k <= plan.n / 2; k += 32) power[k] = norm(z[place[k]]);
  __syncwarp();
}

}  // namespace cutract
