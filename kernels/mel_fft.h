#pragma once

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>
#include <vector>

#include "host/core/view.h"

namespace cutract {

// Power spectra of real signals of any length n, in double. An even n is packed as n/2 complex points. The complex
// transform is Stockham's: no bit reversal, one pass per prime factor (two 2s at a time); a factor p costs n p.
class PowerSpectrum {
 public:
  explicit PowerSpectrum(Index n) : n_(n), points_(n % 2 == 0 ? n / 2 : n) {
    Index left = points_;
    while (left % 4 == 0) radices_.push_back(4), left /= 4;
    for (Index p = 2; left > 1; ++p)
      while (left % p == 0) radices_.push_back(p), left /= p;
    turns_ = roots(points_);
    unpack_ = roots(n);
  }
  Index bins() const { return n_ / 2 + 1; }

  // Memory of one call; one per thread.
  struct Work {
    std::vector<double> values;
    double *re, *im, *re2, *im2;
    explicit Work(const PowerSpectrum& of) : values(static_cast<std::size_t>(4 * of.points_)) {
      re = values.data(), im = re + of.points_, re2 = im + of.points_, im2 = re2 + of.points_;
    }
  };

  // power[k] = |sum_i x[i] exp(-2 pi j i k / n)|^2. x [n], power [bins()].
  void operator()(const double* x, double* power, Work& work) const {
    double *re = work.re, *im = work.im, *re2 = work.re2, *im2 = work.im2;
    const bool packed = n_ % 2 == 0;
    for (Index i = 0; i < points_; ++i) re[i] = x[packed ? 2 * i : i], im[i] = packed ? x[2 * i + 1] : 0;
    Index stride = 1;
    for (const Index p : radices_) {
      if (p == 4)
        pass4(stride, re, im, re2, im2);
      else
        pass(p, stride, re, im, re2, im2);
      std::swap(re, re2), std::swap(im, im2);
      stride *= p;
    }
    if (packed)
      unpack(re, im, power);
    else
      for (Index k = 0; k < bins(); ++k) power[k] = re[k] * re[k] + im[k] * im[k];
  }

 private:
  struct Turns {
    std::vector<double> re, im;
  };
  static Turns roots(Index n) {  // exp(-2 pi j i / n)
    Turns t;
    for (Index i = 0; i < n; ++i) {
      const double angle = -2 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(n);
      t.re.push_back(std::cos(angle)), t.im.push_back(std::sin(angle));
    }
    return t;
  }

  // One pass of radix p. The points left in one transform are n = points / stride, m = n / p:
  // y[q + stride (p j + k)] = w_n^(j k) sum_r x[q + stride (j + m r)] w_p^(r k), for all q < stride and j < m.
  void pass(Index p, Index stride, const double* xr, const double* xi, double* yr, double* yi) const {
    const Index m = points_ / stride / p;
    for (Index j = 0; j < m; ++j)
      for (Index k = 0; k < p; ++k) {
        double *br = yr + stride * (p * j + k), *bi = yi + stride * (p * j + k);
        std::fill_n(br, stride, 0.0), std::fill_n(bi, stride, 0.0);
        for (Index r = 0; r < p; ++r) {
          // w_n^(j k) w_p^(r k) as one power of the first root
          const Index turn = (j * stride + r * (points_ / p)) * k % points_;
          const double wr = turns_.re[turn], wi = turns_.im[turn];
          const double *ar = xr + stride * (j + m * r), *ai = xi + stride * (j + m * r);
          for (Index q = 0; q < stride; ++q) {
            br[q] += ar[q] * wr - ai[q] * wi;
            bi[q] += ar[q] * wi + ai[q] * wr;
          }
        }
      }
  }

  // The same for p = 4, where w_4 is 1, -j, -1, j.
  void pass4(Index stride, const double* xr, const double* xi, double* yr, double* yi) const {
    const Index m = points_ / stride / 4, apart = stride * m;
    for (Index j = 0; j < m; ++j) {
      const double w1r = turns_.re[j * stride], w1i = turns_.im[j * stride];
      const double w2r = turns_.re[2 * j * stride], w2i = turns_.im[2 * j * stride];
      const double w3r = turns_.re[3 * j * stride], w3i = turns_.im[3 * j * stride];
      const double *ar = xr + stride * j, *ai = xi + stride * j;
      double *br = yr + 4 * stride * j, *bi = yi + 4 * stride * j;
      for (Index q = 0; q < stride; ++q) {
        const double sum02r = ar[q] + ar[q + 2 * apart], sum02i = ai[q] + ai[q + 2 * apart];
        const double sum13r = ar[q + apart] + ar[q + 3 * apart], sum13i = ai[q + apart] + ai[q + 3 * apart];
        const double dif02r = ar[q] - ar[q + 2 * apart], dif02i = ai[q] - ai[q + 2 * apart];
        const double dif13r = ar[q + apart] - ar[q + 3 * apart], dif13i = ai[q + apart] - ai[q + 3 * apart];
        const double c1r = dif02r + dif13i, c1i = dif02i - dif13r;
        const double c2r = sum02r - sum13r, c2i = sum02i - sum13i;
        const double c3r = dif02r - dif13i, c3i = dif02i + dif13r;
        br[q] = sum02r + sum13r, bi[q] = sum02i + sum13i;
        br[q + stride] = c1r * w1r - c1i * w1i, bi[q + stride] = c1r * w1i + c1i * w1r;
        br[q + 2 * stride] = c2r * w2r - c2i * w2i, bi[q + 2 * stride] = c2r * w2i + c2i * w2r;
        br[q + 3 * stride] = c3r * w3r - c3i * w3i, bi[q + 3 * stride] = c3r * w3i + c3i * w3r;
      }
    }
  }

  // From z, the transform of x[2i] + j x[2i+1]: X[k] = (z[k] + z*[-k]) / 2 + w_n^k (z[k] - z*[-k]) / 2j.
  void unpack(const double* re, const double* im, double* power) const {
    power[0] = (re[0] + im[0]) * (re[0] + im[0]);
    power[points_] = (re[0] - im[0]) * (re[0] - im[0]);
    for (Index k = 1; k < points_; ++k) {
      const Index back = points_ - k;
      const double even_re = (re[k] + re[back]) / 2, even_im = (im[k] - im[back]) / 2;
      const double odd_re = (im[k] + im[back]) / 2, odd_im = (re[back] - re[k]) / 2;
      const double x = even_re + odd_re * unpack_.re[k] - odd_im * unpack_.im[k];
      const double y = even_im + odd_re * unpack_.im[k] + odd_im * unpack_.re[k];
      power[k] = x * x + y * y;
    }
  }

  Index n_, points_;
  std::vector<Index> radices_;
  Turns turns_, unpack_;
};

}  // namespace cutract
