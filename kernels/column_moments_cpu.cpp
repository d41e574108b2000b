#include <algorithm>
#include <vector>

#include "kernels/column_moments.h"

namespace cutract {

// Each task is one utterance, processed row by row.
void column_moments(CpuExec& ex, const ColumnMomentsArgs& a) {
  const Index C = a.mean.shape[1];
  ex.parallel(a.rows.shape[0], [&](Index u) {
    const float* rows = a.rows.data[u];
    const Index T = a.frames.data[u];
    double *mean = a.mean.row(u), *square = a.square.row(u);
    std::fill_n(mean, C, 0.0);
    std::fill_n(square, C, 0.0);
    if (T == 0) return;
    for (Index t = 0; t < T; ++t)
      for (Index c = 0; c < C; ++c) mean[c] += static_cast<double>(rows[t * C + c]);
    for (Index c = 0; c < C; ++c) mean[c] /= static_cast<double>(T);
    std::vector<Deviations> deviations(static_cast<std::size_t>(C));
    for (Index t = 0; t < T; ++t)
      for (Index c = 0; c < C; ++c)
        deviations[static_cast<std::size_t>(c)].add(static_cast<double>(rows[t * C + c]) - mean[c]);
    for (Index c = 0; c < C; ++c) square[c] = deviations[static_cast<std::size_t>(c)].about_the_mean(T);
  });
}

}  // namespace cutract
