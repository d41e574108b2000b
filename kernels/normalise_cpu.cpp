#include "kernels/normalise.h"

namespace cutract {

// Each task is one utterance.
void normalise(CpuExec& ex, const NormaliseArgs& a) {
  const Index C = a.mean.shape[1];
  ex.parallel(a.rows.shape[0], [&](Index u) {
    const double *mean = a.mean.row(a.group.data[u]), *std = a.std.row(a.group.data[u]);
    for (Index t = 0; t < a.frames.data[u]; ++t) {
      float* row = a.rows.data[u] + t * C;
      for (Index c = 0; c < C; ++c) row[c] = static_cast<float>((static_cast<double>(row[c]) - mean[c]) / std[c]);
    }
  });
}

}  // namespace cutract
