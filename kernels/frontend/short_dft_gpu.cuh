#pragma once

#include "kernels/simt/simt.cuh"

// Complex numbers, and discrete Fourier transforms of a few points in registers, from which longer ones are built.
namespace cutract {

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
    v[0] = plus(a, v[1]);
    v[1] = minus(a, v[1]);
  } else if constexpr (P == 4) {
    const float2 sum_ac = plus(v[0], v[2]), sum_bd = plus(v[1], v[3]), dif_ac = minus(v[0], v[2]),
                 dif_bd = minus_j(minus(v[1], v[3]));
    v[0] = plus(sum_ac, sum_bd);
    v[1] = plus(dif_ac, dif_bd);
    v[2] = minus(sum_ac, sum_bd);
    v[3] = minus(dif_ac, dif_bd);
  } else if constexpr (P == 3) {
    const float2 sum = plus(v[1], v[2]), dif = minus_j(minus(v[1], v[2]));
    const float2 even = make_float2(v[0].x - 0.5f * sum.x, v[0].y - 0.5f * sum.y);
    const float2 odd = make_float2(0.86602540378f * dif.x, 0.86602540378f * dif.y);
    v[0] = plus(v[0], sum);
    v[1] = plus(even, odd);
    v[2] = minus(even, odd);
  } else if constexpr (P == 8) {
    constexpr float half = 0.70710678118f;  // the square root of one half
    float2 even[4] = {v[0], v[2], v[4], v[6]}, odd[4] = {v[1], v[3], v[5], v[7]};
    short_dft<4>(even);
    short_dft<4>(odd);
    odd[1] = make_float2(half * (odd[1].x + odd[1].y), half * (odd[1].y - odd[1].x));
    odd[2] = minus_j(odd[2]);
    odd[3] = make_float2(half * (odd[3].y - odd[3].x), -half * (odd[3].x + odd[3].y));
#pragma unroll
    for (int k = 0; k < 4; ++k) v[k] = plus(even[k], odd[k]), v[k + 4] = minus(even[k], odd[k]);
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
    v[1] = plus(even1, odd1);
    v[4] = minus(even1, odd1);
    v[2] = plus(even2, odd2);
    v[3] = minus(even2, odd2);
  }
}

}  // namespace cutract
