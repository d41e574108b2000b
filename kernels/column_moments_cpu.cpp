#include <algorithm>
#include <vector>

#include "kernels/column_moments.h"

namespace cutract {

// Each task is one utterance, processed row by row.
void column_moments(CpuExec& ex, const ColumnMomentsArgs& a) {
  const Index C = a.mean.shape[1];
  const bool skip = a.measured.data != nullptr;
  ex.parallel(a.rows.shape[0], [&](Index u) {
    const float* rows = a.rows.data[u];
    const Index T = a.frames.data[u];
    double *mean = a.mean.row(u), *square = a.square.row(u);
    std::fill_n(mean, C, 0.0);
    std::vector<Deviations> from(static_cast<std::size_t>(C));
    for (int pass = 0; pass < 2; ++pass) {  // first the mean, then the deviations from it
      std::fill(from.begin(), from.end(), Deviations{});
      for (Index t = 0; t < T; ++t)
        for (Index c = 0; c < C; ++c)
          if (const float v = rows[t * C + c]; !skip || !is_missing(v))
            from[static_cast<std::size_t>(c)].add(static_cast<double>(v) - mean[c]);
      for (Index c = 0; c < C && pass == 0; ++c)
        if (const Deviations& d = from[static_cast<std::size_t>(c)]; d.frames > 0)
          mean[c] = d.drift / static_cast<double>(d.frames);
    }
    for (Index c = 0; c < C; ++c) {
      const Deviations& d = from[static_cast<std::size_t>(c)];
      square[c] = d.frames > 0 ? d.about_the_mean() : 0;
      if (skip) a.measured.row(u)[c] = d.frames;
    }
  });
}

}  // namespace cutract
