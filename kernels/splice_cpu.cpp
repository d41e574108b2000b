#include <algorithm>

#include "kernels/splice.h"

namespace cutract {

void splice(CpuExec&, const SpliceArgs& a) {
  const Index T = a.x.shape[0], F = a.x.shape[1], n = a.y.shape[1] / F / 2;
  for (Index t = 0; t < T; ++t)
    for (Index i = -n; i <= n; ++i)
      std::copy_n(a.x.row(std::clamp<Index>(t + i, 0, T - 1)), F, a.y.row(t) + (i + n) * F);
}

}  // namespace cutract
