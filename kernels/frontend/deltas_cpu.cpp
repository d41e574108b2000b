#include <algorithm>

#include "kernels/frontend/deltas.h"

namespace cutract {
namespace {

// In rows top .. bottom - 1 of y, fills columns from .. from + F - 1 with the slopes of the F columns before them.
void append_order(const DeltasArgs& a, Index top, Index bottom, Index from) {
  const Index F = a.x.shape[1];
  double norm = 0;
  for (Index i = 1; i <= a.n; ++i) norm += 2 * static_cast<double>(i * i);
  for (Index t = top; t < bottom; ++t)
    for (Index f = from; f < from + F; ++f) {
      double sum = 0;
      for (Index i = 1; i <= a.n; ++i) {
        const double after = a.y.row(std::min(t + i, bottom - 1))[f - F];
        const double before = a.y.row(std::max(t - i, top))[f - F];
        sum += static_cast<double>(i) * (after - before);
      }
      a.y.row(t)[f] = static_cast<float>(sum / norm);
    }
}

}  // namespace

void deltas(CpuExec&, const DeltasArgs& a) {
  const Index T = a.x.shape[0], F = a.x.shape[1];
  for (Index t = 0; t < T; ++t) std::copy_n(a.x.row(t), F, a.y.row(t) + a.first);
  for (Index u = 0; u < utterances_in(a.starts); ++u)
    for (Index order = 1; order <= orders_of(a); ++order)
      append_order(a, start_of(a.starts, u, T), start_of(a.starts, u + 1, T), a.first + order * F);
}

}  // namespace cutract
