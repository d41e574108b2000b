#include <algorithm>
#include <cmath>
#include <vector>

#include "host/core/plant.h"
#include "kernels/isa.h"
#include "kernels/layer_norm.h"
#include "kernels/ranges_cpu.h"

namespace cutract {
namespace {

constexpr Index kRows = 64;  // rows of a task, and of a partial sum
constexpr int kLanes = 16;   // partial sums of a row, so that its loop vectorises in any instruction set

// The sum over c of term(c), in sixteen parts that are added in order in double.
template <class Term>
CUTRACT_INLINE double sum_over(Index C, Term&& term) {
  float part[kLanes] = {};
  Index c = 0;
  for (; c + kLanes <= C; c += kLanes)
    for (int i = 0; i < kLanes; ++i) part[i] += term(c + i);
  double sum = 0;
  for (const float p : part) sum += static_cast<double>(p);
  for (; c < C; ++c) sum += static_cast<double>(term(c));
  return sum;
}

template <Isa>
CUTRACT_INLINE void norm_rows_body(const LayerNormArgs& a, Index first, Index last) {
  const Index C = a.x.shape[1];
  const float *w = a.w.data, *b = a.b.data;
  for (Index n = first; n < last; ++n) {
    const float* x = a.x.row(n);
    float* y = a.y.row(n);
    const auto mean = static_cast<float>(sum_over(C, [&](Index c) { return x[c]; }) / static_cast<double>(C));
    const double squares = sum_over(C, [&](Index c) { return (x[c] - mean) * (x[c] - mean); });
    const auto scale = static_cast<float>(1 / std::sqrt(squares / static_cast<double>(C) + static_cast<double>(a.eps)));
    a.stats.row(n)[0] = mean;
    a.stats.row(n)[1] = scale;
#pragma GCC ivdep
    for (Index c = 0; c < C; ++c) y[c] = (x[c] - mean) * scale * w[c] + b[c];
  }
}
CUTRACT_PER_ISA(norm_rows, (const LayerNormArgs& a, Index first, Index last), (a, first, last))

// Adds the products of the rows to dw and db, each [C], in double; then computes dx, which may be where dy was.
template <Isa>
CUTRACT_INLINE void norm_rows_backward_body(const LayerNormBackwardArgs& a, Index first, Index last, double* dw,
                                            double* db) {
  const Index C = a.x.shape[1];
  const float* w = a.w.data;
  for (Index n = first; n < last; ++n) {
    const float *x = a.x.row(n), *dy = a.dy.row(n);
    float* dx = a.dx.row(n);
    const float mean = a.stats.row(n)[0], scale = a.stats.row(n)[1];
    for (Index c = 0; c < C; ++c) {
      dw[c] += static_cast<double>(dy[c] * ((x[c] - mean) * scale));
      db[c] += static_cast<double>(dy[c]);
    }
    const auto count = static_cast<double>(C);
    const auto g = static_cast<float>(sum_over(C, [&](Index c) { return dy[c] * w[c]; }) / count);
    const auto gn =
        static_cast<float>(CUTRACT_PLANTED("layer_norm_without_variance_term")
                               ? 0
                               : sum_over(C, [&](Index c) { return dy[c] * w[c] * ((x[c] - mean) * scale); }) / count);
    const auto own = [&](Index c) { return (dy[c] * w[c] - g - (x[c] - mean) * scale * gn) * scale; };
    if (a.add_dx)
      for (Index c = 0; c < C; ++c) dx[c] += own(c);
    else
      for (Index c = 0; c < C; ++c) dx[c] = own(c);
  }
}
CUTRACT_PER_ISA(norm_rows_backward, (const LayerNormBackwardArgs& a, Index first, Index last, double* dw, double* db),
                (a, first, last, dw, db))

}  // namespace

void layer_norm(CpuExec& ex, const LayerNormArgs& a) {
  in_ranges(ex, a.x.shape[0], kRows, [&](Index first, Index last) { norm_rows(a, first, last); });
}

void layer_norm_backward(CpuExec& ex, const LayerNormBackwardArgs& a) {
  const Index N = a.x.shape[0], C = a.x.shape[1], tiles = (N + kRows - 1) / kRows;
  std::vector<double> sums(static_cast<std::size_t>(2 * tiles * C));
  in_ranges(ex, N, kRows, [&](Index first, Index last) {
    double* own = sums.data() + first / kRows * 2 * C;
    norm_rows_backward(a, first, last, own, own + C);
  });
  for (Index c = 0; c < 2 * C; ++c) {
    double sum = 0;
    for (Index tile = 0; tile < tiles; ++tile) sum += sums[static_cast<std::size_t>(tile * 2 * C + c)];
    (c < C ? a.dw.data[c] : a.db.data[c - C]) += static_cast<float>(sum);
  }
}

}  // namespace cutract
