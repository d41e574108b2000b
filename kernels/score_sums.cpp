#include "kernels/score_sums.h"

namespace cutract {

void score_sums(Exec& ex, const ScoreSumsArgs& a) {
  const Index N = a.target.shape[0], P = a.target.shape[1];
  expect_shape("score_sums.predicted", a.predicted, {N, P});
  expect_ragged(ex, "score_sums", a.ragged, N);
  expect_shape("score_sums.uid", a.uid, {a.ragged.utterances});
  expect_shape("score_sums.out", a.out, {a.out.shape[0], P});
  std::visit([&](auto& on) { score_sums(on, a); }, ex);
}

}  // namespace cutract
