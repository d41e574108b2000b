#include "kernels/score_sums.h"

namespace cutract {

void score_sums(CpuExec& ex, const ScoreSumsArgs& a) {
  const Index P = a.target.shape[1];
  ex.parallel(a.ragged.utterances, [&](Index b) {
    const Index first = a.ragged.offset.data[b], frames = a.ragged.length.data[b];
    for (Index c = 0; c < P; ++c) {
      ScoreSumsAbout sums = sums_about_the_first(a, first, frames, c);
      for (Index n = first; n < first + frames; ++n) sums.add(a.predicted.row(n)[c], a.target.row(n)[c]);
      a.out.row(a.uid.data[b])[c] = sums.result();
    }
  });
}

}  // namespace cutract
