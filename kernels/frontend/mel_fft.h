#pragma once

#include <vector>

#include "host/core/view.h"
#include "kernels/isa.h"

namespace cutract {

// Several signals side by side: element l of a vector belongs to signal l. No operation crosses lanes, so the result of
// a signal does not depend on its lane or on its neighbours, and FFTs of any length use full vectors.
template <Isa>
struct Abreast;
template <>
struct Abreast<Isa::avx512> {
  typedef double Doubles __attribute__((vector_size(64)));
  typedef float Floats __attribute__((vector_size(32)));
};
template <>
struct Abreast<Isa::avx2> {
  typedef double Doubles __attribute__((vector_size(32)));
  typedef float Floats __attribute__((vector_size(16)));
};
template <>
struct Abreast<Isa::portable> {
  typedef double Doubles __attribute__((vector_size(16)));
  typedef float Floats __attribute__((vector_size(8)));
};
template <Isa I>
using Doubles = typename Abreast<I>::Doubles;
template <Isa I>
using Floats = typename Abreast<I>::Floats;
template <Isa I>
struct Complexes {
  Doubles<I> re, im;
  CUTRACT_INLINE Complexes() : re{}, im{} {}
  CUTRACT_INLINE Complexes(const Doubles<I>& r, const Doubles<I>& i) : re(r), im(i) {}
  // Copies member by member: gcc copies a struct of vectors in smaller pieces, through the stack.
  CUTRACT_INLINE Complexes(const Complexes& z) : re(z.re), im(z.im) {}
  CUTRACT_INLINE Complexes& operator=(const Complexes& z) { return re = z.re, im = z.im, *this; }
};
constexpr Index signals_abreast(Isa isa) { return lanes_of(isa) / 2; }

// Storage for vectors, which must be aligned to their size.
struct alignas(64) Line {
  double values[8];
};

// Power spectra of real signals of any length n, in double. An even n is packed as n/2 complex points. The complex
// transform is Sande and Tukey's (decimation in frequency), in place, with one pass per factor: 4s, at most one 2, then
// the odd primes. A prime factor p costs n p operations.
class PowerSpectrum {
 public:
  // roots [n, 2]: real and imaginary part of exp(-2 pi j i / n). They must outlive this object.
  PowerSpectrum(Index n, const double* roots) : n_(n), points_(n % 2 == 0 ? n / 2 : n), roots_(roots) {
    Index left = points_, most = 0;
    while (left % 4 == 0) {
      radices_.push_back(4);
      left /= 4;
    }
    for (Index p = 2; left > 1; ++p)
      while (left % p == 0) {
        radices_.push_back(most = p);
        left /= p;
      }
    scratch_ = most > 5 ? most - 1 : 0;
    for (Index k = 0; k < points_; ++k) {
      Index place = 0, rest = k, block = points_;
      for (const Index p : radices_) {
        block /= p;
        place += rest % p * block;
        rest /= p;
      }
      place_.push_back(place);
    }
  }
  Index bins() const { return n_ / 2 + 1; }
  Index work() const { return 2 * (points_ + scratch_); }  // number of values x must have room for: n or more

  // power[k] = |sum_i x[i] exp(-2 pi j i k / n)|^2. x [n], overwritten; power [bins()].
  template <Isa I>
  CUTRACT_INLINE void run(Doubles<I>* x, Doubles<I>* power) const {
    auto* z = reinterpret_cast<Complexes<I>*>(x);
    const bool packed = n_ % 2 == 0;
    if (!packed) spread<I>(x);
    Index block = points_;
    for (const Index p : radices_) {
      if (p == 4)
        pass4<I>(block, z);
      else if (p == 2)
        pass2<I>(block, z);
      else if (p == 3)
        pass_odd<I, 3>(p, block, z, nullptr);
      else if (p == 5)
        pass_odd<I, 5>(p, block, z, nullptr);
      else
        pass_odd<I, 0>(p, block, z, z + points_);
      block /= p;
    }
    if (packed)
      unpack<I>(z, power);
    else
      for (Index k = 0; k < bins(); ++k) power[k] = norm<I>(z[place_[k]]);
  }

 private:
  template <Isa I>
  static CUTRACT_INLINE Doubles<I> norm(const Complexes<I>& z) {
    return z.re * z.re + z.im * z.im;
  }
  template <Isa I>
  static CUTRACT_INLINE Complexes<I> plus(const Complexes<I>& a, const Complexes<I>& b) {
    return {a.re + b.re, a.im + b.im};
  }
  template <Isa I>
  static CUTRACT_INLINE Complexes<I> minus(const Complexes<I>& a, const Complexes<I>& b) {
    return {a.re - b.re, a.im - b.im};
  }
  template <Isa I>
  static CUTRACT_INLINE Complexes<I> times(const Complexes<I>& a, const double* w) {
    return {a.re * w[0] - a.im * w[1], a.re * w[1] + a.im * w[0]};
  }
  const double* root(Index i, Index of) const { return roots_ + 2 * (n_ / of) * i; }  // exp(-2 pi j i / of), i < of

  // Turns a real signal into a complex one, in place.
  template <Isa I>
  CUTRACT_INLINE void spread(Doubles<I>* x) const {
    for (Index i = n_ - 1; i >= 0; --i) x[2 * i] = x[i], x[2 * i + 1] = Doubles<I>{};
  }

  // A pass of radix p turns each block of length N = p m into p blocks of length m. Block k, k < p, becomes w_N^(j k)
  // sum_r z[j + m r] w_p^(r k), j < m, and its transform holds the bins k, k + p, k + 2 p, ...
  template <Isa I>
  CUTRACT_INLINE void pass2(Index N, Complexes<I>* z) const {
    const Index m = N / 2;
    for (const Complexes<I>* end = z + points_; z < end; z += N)
      for (Index j = 0; j < m; ++j) {
        const Complexes<I> a = z[j], b = z[j + m];
        z[j] = plus<I>(a, b);
        z[j + m] = times<I>(minus<I>(a, b), root(j, N));
      }
  }

  template <Isa I>
  CUTRACT_INLINE void pass4(Index N, Complexes<I>* z) const {
    const Index m = N / 4;
    for (const Complexes<I>* end = z + points_; z < end; z += N)
      for (Index j = 0; j < m; ++j) {
        const Complexes<I> a = z[j], b = z[j + m], c = z[j + 2 * m], d = z[j + 3 * m];
        const Complexes<I> sum_ac = plus<I>(a, c), sum_bd = plus<I>(b, d), dif_ac = minus<I>(a, c),
                           dif_bd = minus<I>(b, d);
        z[j] = plus<I>(sum_ac, sum_bd);
        z[j + m] = times<I>({dif_ac.re + dif_bd.im, dif_ac.im - dif_bd.re}, root(j, N));
        z[j + 2 * m] = times<I>(minus<I>(sum_ac, sum_bd), root(2 * j, N));
        z[j + 3 * m] = times<I>({dif_ac.re - dif_bd.im, dif_ac.im + dif_bd.re}, root(3 * j, N));
      }
  }

  // P is p where the compiler should unroll; otherwise P is 0 and scratch [p - 1] is used. Inputs r and p - r are
  // multiplied by conjugate roots c +- j s, so outputs k and p - k are z[0] + sum_r c (z[r] + z[p-r]) +- j sum_r s
  // (z[r] - z[p-r]).
  template <Isa I, int P>
  CUTRACT_INLINE void pass_odd(Index p, Index N, Complexes<I>* z, Complexes<I>* scratch) const {
    if (P != 0) p = P;
    const Index m = N / p, half = p / 2;
    Complexes<I> unrolled[P != 0 ? P - 1 : 1];
    Complexes<I>*sum = P != 0 ? unrolled : scratch, *dif = sum + half;
    for (const Complexes<I>* end = z + points_; z < end; z += N)
      for (Index j = 0; j < m; ++j) {
        const Complexes<I> first = z[j];
        Complexes<I> total = first;
        for (Index r = 1; r <= half; ++r) {
          sum[r - 1] = plus<I>(z[j + m * r], z[j + m * (p - r)]);
          dif[r - 1] = minus<I>(z[j + m * r], z[j + m * (p - r)]);
          total = plus<I>(total, sum[r - 1]);
        }
        z[j] = total;
        for (Index k = 1; k <= half; ++k) {
          Complexes<I> even = first, odd = {};
          for (Index r = 1, turn = k; r <= half; ++r, turn = turn + k < p ? turn + k : turn + k - p) {
            const double* w = root(turn, p);
            even = {even.re + sum[r - 1].re * w[0], even.im + sum[r - 1].im * w[0]};
            odd = {odd.re + dif[r - 1].re * w[1], odd.im + dif[r - 1].im * w[1]};
          }
          z[j + m * k] = times<I>({even.re - odd.im, even.im + odd.re}, root(j * k, N));
          z[j + m * (p - k)] = times<I>({even.re + odd.im, even.im - odd.re}, root(j * (p - k), N));
        }
      }
  }

  // Separates the spectrum from z, the transform of x[2i] + j x[2i+1]. With E = z[k] + z*[-k] and O = (z[k] - z*[-k]) /
  // j: X[k] = (E + w_n^k O) / 2 and X[n/2 - k] = (E - w_n^k O)* / 2.
  template <Isa I>
  CUTRACT_INLINE void unpack(const Complexes<I>* z, Doubles<I>* power) const {
    power[0] = (z[0].re + z[0].im) * (z[0].re + z[0].im);
    power[points_] = (z[0].re - z[0].im) * (z[0].re - z[0].im);
    for (Index k = 1; 2 * k <= points_; ++k) {
      const Complexes<I> a = z[place_[k]], b = z[place_[points_ - k]];
      const Complexes<I> even = {a.re + b.re, a.im - b.im}, odd = times<I>({a.im + b.im, b.re - a.re}, root(k, n_));
      power[k] = 0.25 * norm<I>(plus<I>(even, odd));
      power[points_ - k] = 0.25 * norm<I>(minus<I>(even, odd));
    }
  }

  Index n_, points_, scratch_ = 0;
  const double* roots_;
  std::vector<Index> radices_, place_;
};

}  // namespace cutract
