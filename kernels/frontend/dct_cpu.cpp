#include <algorithm>

#include "kernels/frontend/dct.h"

namespace cutract {

void dct(CpuExec& ex, const DctArgs& a) {
  constexpr Index kTile = 256;  // rows per task
  const Index T = a.x.shape[0], M = a.x.shape[1], C = a.y.shape[1];
  ex.parallel((T + kTile - 1) / kTile, [&](Index tile) {
    for (Index t = tile * kTile; t < std::min(T, (tile + 1) * kTile); ++t)
      for (Index c = 0; c < C; ++c) {
        double sum = 0;
        for (Index m = 0; m < M; ++m) sum += a.basis.row(c)[m] * a.x.row(t)[m];
        a.y.row(t)[c] = static_cast<float>(sum);
      }
  });
}

}  // namespace cutract
