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

// With some targets missing, the sums are those of the other frames alone.
TEST_P(ScoreSumsOp, SkipsMissingTargets) {
  Case c = random_case({300, 31, 9, 1}, 3, 10);
  Rng rng(62);
  for (float& v : c.target)
    if (rng.below(20) == 0) v = std::nanf("");
  for (std::size_t n = 331; n < 340; ++n) c.target[n * 3 + 1] = std::nanf("");  // the third utterance lacks channel 1
  c.target[0] = std::nanf("");
  const std::vector<ScoreSums> got = run(exec(), c);
  std::size_t first = 0;
  for (std::size_t b = 0; b < c.lengths.size(); ++b) {
    const auto end = first + static_cast<std::size_t>(c.lengths[b]);
    for (std::size_t channel = 0; channel < 3; ++channel) {
      SCOPED_TRACE(std::to_string(b) + " " + std::to_string(channel));
      oracle::Sequence p, t;
      for (std::size_t n = first; n < end; ++n) {
        if (std::isnan(c.target[n * 3 + channel])) continue;
        p.push_back(static_cast<long double>(c.predicted[n * 3 + channel]));
        t.push_back(static_cast<long double>(c.target[n * 3 + channel]));
      }
      const ScoreSums& s = got[c.uid[b] * 3 + channel];
      ASSERT_EQ(s.measured, std::ssize(p));
      if (p.empty()) {
        EXPECT_EQ(s.square, 0);
        EXPECT_EQ(s.mean_t, 0);
        continue;
      }
      const auto n = static_cast<double>(p.size());
      EXPECT_NEAR(s.mean_t, static_cast<double>(oracle::mean(t)), 1e-11);
      EXPECT_NEAR(std::sqrt(std::abs(s.tt) / n), static_cast<double>(oracle::population_std(t)), 1e-11);
      EXPECT_NEAR(std::sqrt(s.square / n), static_cast<double>(oracle::rmse(p, t)), 1e-11);
      EXPECT_NEAR(s.magnitude / n, static_cast<double>(oracle::mae(p, t)), 1e-11);
      const auto r = oracle::pearson(p, t);
      if (r) { EXPECT_NEAR(s.pt / std::sqrt(s.pp * s.tt), static_cast<double>(*r), 1e-11); }
    }
    first = end;
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
