#include "kernels/score_sums.h"

#include <cmath>

#include "tests/kernels/on_each_device.h"
#include "tests/oracle/metrics.h"
#include "tests/support/support.h"

namespace cutract::test {
namespace {

struct Case {
  std::vector<std::int32_t> lengths;  // longest first
  std::vector<std::uint32_t> uid;
  Index P;
  std::vector<float> predicted, target;
};

Case random_case(const std::vector<std::int32_t>& lengths, Index P, double mean) {
  Rng rng(61);
  Case c{lengths, {}, P, {}, {}};
  Index N = 0;
  for (const auto T : lengths) {
    N += T;
    c.uid.push_back(static_cast<std::uint32_t>(lengths.size() - 1 - c.uid.size()));
  }
  c.predicted = rng.normals(N * P);
  c.target = rng.normals(N * P, 2);
  for (auto* values : {&c.predicted, &c.target})
    for (float& v : *values) v += static_cast<float>(mean);
  return c;
}

// [U, P] in the order of uid.
std::vector<ScoreSums> run(Exec& ex, const Case& c) {
  RaggedBlock ragged(ex, c.lengths);
  const Index N = static_cast<Index>(c.target.size()) / c.P, U = std::ssize(c.lengths);
  Block<float> p(ex, c.predicted), t(ex, c.target);
  Block<std::uint32_t> uid(ex, c.uid);
  Block<ScoreSums> out(ex, U * c.P);
  score_sums(ex, {p.view<2>({N, c.P}), t.view<2>({N, c.P}), ragged.view(), uid.view(), out.view<2>({U, c.P})});
  return out.values();
}

class ScoreSumsOp : public OnEachDevice {};

// Includes a mean that is large compared with the deviations, which are taken from the first frame before they are
// squared.
TEST_P(ScoreSumsOp, AgreesWithTheOracle) {
  double worst = 0;
  for (const double mean : {0.0, 1000.0})
    for (const Index P : {1, 5, 33})
      for (const auto& lengths : {std::vector<std::int32_t>{1}, {300, 31, 9, 8, 7, 2, 1}}) {
        const Case c = random_case(lengths, P, mean);
        const std::vector<ScoreSums> got = run(exec(), c);
        Index first = 0;
        for (std::size_t b = 0; b < lengths.size(); ++b) {
          for (Index channel = 0; channel < P; ++channel) {
            oracle::Sequence p, t, none;
            for (Index n = first; n < first + lengths[b]; ++n) {
              p.push_back(static_cast<long double>(c.predicted[static_cast<std::size_t>(n * P + channel)]));
              t.push_back(static_cast<long double>(c.target[static_cast<std::size_t>(n * P + channel)]));
            }
            none.assign(p.size(), 0);
            const ScoreSums& s = got[static_cast<std::size_t>(c.uid[b] * P + channel)];
            const auto n = static_cast<double>(p.size());
            const auto near = [&](double value, long double want, double scale) {
              worst = std::max(worst, std::abs(value - static_cast<double>(want)) / scale);
            };
            near(s.mean_p, oracle::mean(p), 1 + mean);
            near(s.mean_t, oracle::mean(t), 1 + mean);
            near(std::sqrt(std::abs(s.pp) / n), oracle::population_std(p), 1);
            near(std::sqrt(std::abs(s.tt) / n), oracle::population_std(t), 1);
            if (const auto r = oracle::pearson(p, t)) near(s.pt / std::sqrt(s.pp * s.tt), *r, 1);
            near(std::sqrt(s.square / n), oracle::rmse(p, t), 1 + mean);
            near(s.magnitude / n, oracle::mae(p, t), 1 + mean);
            near(std::sqrt(s.square_target / n), oracle::rmse(t, none), 1 + mean);
          }
          first += lengths[b];
        }
      }
  RecordProperty("worst", std::to_string(worst));
  EXPECT_LT(worst, 1e-12);
}

TEST_P(ScoreSumsOp, AConstantChannelHasNoDeviationAtAll) {
  Case c = random_case({77, 3}, 2, 0);
  for (std::size_t i = 0; i < c.predicted.size(); i += 2) c.predicted[i] = 0.1f;
  for (const std::size_t at : {0u, 2u}) {
    const ScoreSums s = run(exec(), c)[at];
    EXPECT_EQ(s.pp, 0);
    EXPECT_EQ(s.pt, 0);
    EXPECT_GT(s.tt, 0);
  }
}

TEST_P(ScoreSumsOp, ABadValueShows) {
  Case c = random_case({9}, 2, 0);
  c.predicted[4] = std::nanf("");
  const std::vector<ScoreSums> s = run(exec(), c);
  EXPECT_TRUE(std::isnan(s[0].square));
  EXPECT_TRUE(std::isfinite(s[1].square));
}

TEST_P(ScoreSumsOp, SameBitsAgain) {
  const Case c = random_case({100, 64, 9, 1}, 14, 0);
  const std::vector<ScoreSums> one = run(exec(), c);
  for (Exec& other : others()) EXPECT_BITWISE(run(other, c), one);
}
CUTRACT_ON_EACH_DEVICE(ScoreSumsOp);

}  // namespace
}  // namespace cutract::test
