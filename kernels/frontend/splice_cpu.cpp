#include <algorithm>

#include "kernels/frontend/splice.h"

namespace cutract {

void splice(CpuExec&, const SpliceArgs& a) {
  const Index T = a.x.shape[0], F = a.x.shape[1], n = a.y.shape[1] / F / 2;
  for (Index u = 0; u < utterances_in(a.starts); ++u) {
    const Index top = start_of(a.starts, u, T), bottom = start_of(a.starts, u + 1, T);
    for (Index t = top; t < bottom; ++t)
      for (Index i = -n; i <= n; ++i)
        std::copy_n(a.x.row(std::clamp(t + i, top, bottom - 1)), F, a.y.row(t) + (i + n) * F);
  }
}

}  // namespace cutract
