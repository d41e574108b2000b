#pragma once

#include <vector>

#include "host/core/view.h"

namespace cutract {

// Frames abreast: element l of every value belongs to frame l. No operation crosses lanes, so a frame's result does
// not depend on its lane or on its neighbours, and any length of FFT runs in full vectors.
constexpr Index kLanes = 8;
typedef double Lanes __attribute__((vector_size(kLanes * sizeof(double)), aligned(kLanes * sizeof(double))));
struct ComplexLanes {
  Lanes re, im;
};
struct RealLanes {  // what a std::vector can hold: it would forget the alignment of Lanes
  Lanes value;
};

// Inlined, so that one caller that is compiled for several instruction sets (kernels/clones.h) takes all of it along.
#define CUTRACT_INLINE inline __attribute__((always_inline))

// Power spectra of real signals of any length n, in double, kLanes signals at once. An even n is packed as n/2 complex
// points. The complex transform is Sande and Tukey's (decimation in frequency), in place, one pass per factor: 4s, at
// most one 2, then the odd primes. A prime p costs n p.
class PowerSpectrum {
 public:
  // roots [n, 2]: real and imaginary part of exp(-2 pi j i / n); must outlive this object.
  PowerSpectrum(Index n, const double* roots) : n_(n), points_(n % 2 == 0 ? n / 2 : n), roots_(roots) {
    Index left = points_, most = 0;
    while (left % 4 == 0) radices_.push_back(4), left /= 4;
    for (Index p = 2; left > 1; ++p)
      while (left % p == 0) radices_.push_back(most = p), left /= p;
    scratch_ = most > 5 ? most - 1 : 0;
    for (Index k = 0; k < points_; ++k) {
      Index place = 0, rest = k, block = points_;
      for (const Index p : radices_) block /= p, place += rest % p * block, rest /= p;
      place_.push_back(place);
    }
  }
  Index bins() const { return n_ / 2 + 1; }

  // Memory of one call; one per thread.
  class Work {
   public:
    explicit Work(const PowerSpectrum& of) : points_(static_cast<std::size_t>(of.points_ + of.scratch_)) {}
    Lanes* signal() { return &points_[0].re; }

   private:
    friend class PowerSpectrum;
    std::vector<ComplexLanes> points_;
  };

  // power[k] = |sum_i x[i] exp(-2 pi j i k / n)|^2. x is work.signal() [n], and is overwritten; power [bins()].
  CUTRACT_INLINE void operator()(Work& work, Lanes* power) const {
    ComplexLanes* z = work.points_.data();
    const bool packed = n_ % 2 == 0;
    if (!packed) spread(work.signal());
    Index block = points_;
    for (const Index p : radices_) {
      if (p == 4)
        pass4(block, z);
      else if (p == 2)
        pass2(block, z);
      else if (p == 3)
        pass_odd<3>(p, block, z, nullptr);
      else if (p == 5)
        pass_odd<5>(p, block, z, nullptr);
      else
        pass_odd<0>(p, block, z, z + points_);
      block /= p;
    }
    if (packed)
      unpack(z, power);
    else
      for (Index k = 0; k < bins(); ++k) power[k] = norm(z[place_[k]]);
  }

 private:
  static CUTRACT_INLINE Lanes norm(const ComplexLanes& z) { return z.re * z.re + z.im * z.im; }
  static CUTRACT_INLINE ComplexLanes plus(const ComplexLanes& a, const ComplexLanes& b) {
    return {a.re + b.re, a.im + b.im};
  }
  static CUTRACT_INLINE ComplexLanes minus(const ComplexLanes& a, const ComplexLanes& b) {
    return {a.re - b.re, a.im - b.im};
  }
  static CUTRACT_INLINE ComplexLanes times(const ComplexLanes& a, const double* w) {
    return {a.re * w[0] - a.im * w[1], a.re * w[1] + a.im * w[0]};
  }
  const double* root(Index i, Index of) const { return roots_ + 2 * (n_ / of) * i; }  // exp(-2 pi j i / of), i < of

  // A real signal as a complex one, in place.
  CUTRACT_INLINE void spread(Lanes* x) const {
    for (Index i = n_ - 1; i >= 0; --i) x[2 * i] = x[i], x[2 * i + 1] = Lanes{};
  }

  // A pass of radix p turns each block of length N = p m into p blocks of length m: block k, k < p, becomes
  // w_N^(j k) sum_r z[j + m r] w_p^(r k), j < m, whose transform holds the bins k, k + p, k + 2 p, ...
  CUTRACT_INLINE void pass2(Index N, ComplexLanes* z) const {
    const Index m = N / 2;
    for (const ComplexLanes* end = z + points_; z < end; z += N)
      for (Index j = 0; j < m; ++j) {
        const ComplexLanes a = z[j], b = z[j + m];
        z[j] = plus(a, b);
        z[j + m] = times(minus(a, b), root(j, N));
      }
  }

  CUTRACT_INLINE void pass4(Index N, ComplexLanes* z) const {
    const Index m = N / 4;
    for (const ComplexLanes* end = z + points_; z < end; z += N)
      for (Index j = 0; j < m; ++j) {
        const ComplexLanes a = z[j], b = z[j + m], c = z[j + 2 * m], d = z[j + 3 * m];
        const ComplexLanes sum_ac = plus(a, c), sum_bd = plus(b, d), dif_ac = minus(a, c), dif_bd = minus(b, d);
        z[j] = plus(sum_ac, sum_bd);
        z[j + m] = times({dif_ac.re + dif_bd.im, dif_ac.im - dif_bd.re}, root(j, N));
        z[j + 2 * m] = times(minus(sum_ac, sum_bd), root(2 * j, N));
        z[j + 3 * m] = times({dif_ac.re - dif_bd.im, dif_ac.im + dif_bd.re}, root(3 * j, N));
      }
  }

  // P is p where the compiler shall unroll, else 0; then scratch [p - 1]. Inputs r and p - r are met by conjugate
  // roots c +- j s: outputs k and p - k are z[0] + sum_r c (z[r] + z[p-r]) +- j sum_r s (z[r] - z[p-r]).
  template <int P>
  CUTRACT_INLINE void pass_odd(Index p, Index N, ComplexLanes* z, ComplexLanes* scratch) const {
    if (P != 0) p = P;
    const Index m = N / p, half = p / 2;
    ComplexLanes unrolled[P != 0 ? P - 1 : 1];
    ComplexLanes *sum = P != 0 ? unrolled : scratch, *dif = sum + half;
    for (const ComplexLanes* end = z + points_; z < end; z += N)
      for (Index j = 0; j < m; ++j) {
        const ComplexLanes first = z[j];
        ComplexLanes total = first;
        for (Index r = 1; r <= half; ++r) {
          sum[r - 1] = plus(z[j + m * r], z[j + m * (p - r)]);
          dif[r - 1] = minus(z[j + m * r], z[j + m * (p - r)]);
          total = plus(total, sum[r - 1]);
        }
        z[j] = total;
        for (Index k = 1; k <= half; ++k) {
          ComplexLanes even = first, odd = {};
          for (Index r = 1, turn = k; r <= half; ++r, turn = turn + k < p ? turn + k : turn + k - p) {
            const double* w = root(turn, p);
            even = {even.re + sum[r - 1].re * w[0], even.im + sum[r - 1].im * w[0]};
            odd = {odd.re + dif[r - 1].re * w[1], odd.im + dif[r - 1].im * w[1]};
          }
          z[j + m * k] = times({even.re - odd.im, even.im + odd.re}, root(j * k, N));
          z[j + m * (p - k)] = times({even.re + odd.im, even.im - odd.re}, root(j * (p - k), N));
        }
      }
  }

  // From z, the transform of x[2i] + j x[2i+1], with E = z[k] + z*[-k] and O = (z[k] - z*[-k]) / j:
  // X[k] = (E + w_n^k O) / 2 and X[n/2 - k] = (E - w_n^k O)* / 2.
  CUTRACT_INLINE void unpack(const ComplexLanes* z, Lanes* power) const {
    power[0] = (z[0].re + z[0].im) * (z[0].re + z[0].im);
    power[points_] = (z[0].re - z[0].im) * (z[0].re - z[0].im);
    for (Index k = 1; 2 * k <= points_; ++k) {
      const ComplexLanes a = z[place_[k]], b = z[place_[points_ - k]];
      const ComplexLanes even = {a.re + b.re, a.im - b.im}, odd = times({a.im + b.im, b.re - a.re}, root(k, n_));
      power[k] = 0.25 * norm(plus(even, odd));
      power[points_ - k] = 0.25 * norm(minus(even, odd));
    }
  }

  Index n_, points_, scratch_ = 0;
  const double* roots_;
  std::vector<Index> radices_, place_;
};

}  // namespace cutract
