#include "kernels/loss.h"

#include "tests/kernels/on_each_device.h"
#include "tests/oracle/loss.h"
#include "tests/support/support.h"

namespace cutract::test {
namespace {

using Lengths = std::vector<std::int32_t>;

constexpr LossKind kAll[] = {LossKind::mse,     LossKind::mae, LossKind::huber,
                             LossKind::pearson, LossKind::ccc, LossKind::velocity};

struct Result {
  double value;
  std::vector<float> dy;
  std::vector<LossPart> parts;
};
Index sum_of(const Lengths& lengths) {
  Index n = 0;
  for (const auto l : lengths) n += l;
  return n;
}
Objective weighted(const std::vector<LossTerm>& terms) {
  Objective o;
  o.count = static_cast<int>(terms.size());
  std::copy(terms.begin(), terms.end(), o.terms);
  return o;
}
Result run(Exec& ex, const Objective& o, const std::vector<float>& y, const std::vector<float>& target, Index P,
           const Lengths& lengths) {
  const Index N = sum_of(lengths);
  Block<float> a(ex, y), b(ex, target), dy(ex, N * P);
  Block<double> value(ex, Index{1});
  Block<LossPart> parts(ex, Index{o.count});
  RaggedBlock ragged(ex, lengths);
  loss(ex, {o, a.view<2>({N, P}), b.view<2>({N, P}), ragged.view(), dy.view<2>({N, P}), value.view(), parts.view()});
  return {value.values().front(), dy.values(), parts.values()};
}
// The same for one utterance.
Result run(Exec& ex, const Objective& o, const std::vector<float>& y, const std::vector<float>& target, Index P) {
  const auto frames = static_cast<std::int32_t>(static_cast<Index>(y.size()) / P);
  return run(ex, o, y, target, P, frames == 0 ? Lengths{} : Lengths{frames});
}

oracle::Loss expected(const LossTerm& term, const std::vector<double>& y, const std::vector<double>& target, Index P,
                      const Lengths& lengths) {
  const std::vector<int> own(lengths.begin(), lengths.end());
  const auto channels = static_cast<std::size_t>(P);
  switch (term.kind) {
    case LossKind::mse:
      return oracle::mse(y, target);
    case LossKind::mae:
      return oracle::mae(y, target);
    case LossKind::huber:
      return oracle::huber(y, target, term.delta);
    case LossKind::pearson:
      return oracle::pearson(y, target, own, channels);
    case LossKind::ccc:
      return oracle::ccc(y, target, own, channels);
    case LossKind::velocity:
      return oracle::velocity(y, target, own, channels);
  }
  return {};
}

// The target without a share of its values, which become NaN.
std::vector<float> with_gaps(Rng& rng, std::vector<float> target, double share) {
  for (float& v : target)
    if (static_cast<double>(rng.below(1000)) < 1000 * share) v = std::nanf("");
  return target;
}

class Loss : public OnEachDevice {};

TEST_P(Loss, AgreesWithTheOracle) {
  Rng rng(41);
  for (const Lengths& lengths : {Lengths{3}, {33}, {129, 128, 127, 2}, {1023}, {2600, 1300, 700, 399, 2}})
    for (const Index P : {1, 3, 14}) {
      const std::vector<float> y = rng.normals(sum_of(lengths) * P), target = rng.normals(sum_of(lengths) * P);
      for (const LossKind kind : kAll) {
        SCOPED_TRACE(std::string(name_of(kind)) + " " + std::to_string(sum_of(lengths)) + " x " + std::to_string(P));
        const LossTerm term{kind, 1, 0.7};
        const Result got = run(exec(), weighted({term}), y, target, P, lengths);
        const oracle::Loss want = expected(term, to_double(y), to_double(target), P, lengths);
        EXPECT_NEAR(got.value, want.value, 1e-12 * (1 + want.value));
        EXPECT_REL_L2(got.dy, want.dy, 1e-7);
      }
    }
}

// Missing in channel 0: the last frame, which is all of an utterance in one case. Missing in channel 1: all frames of
// the first utterance but one. Elsewhere a share of the values is missing.
TEST_P(Loss, SkipsMissingTargetsAsTheOracle) {
  Rng rng(47);
  for (const Lengths& lengths : {Lengths{33}, {129, 127, 2, 1}, {700, 399, 64}})
    for (const double share : {0.0, 0.05, 0.8})
      for (const Index P : {2, 14}) {
        const Index N = sum_of(lengths);
        const std::vector<float> y = rng.normals(N * P);
        std::vector<float> target = with_gaps(rng, rng.normals(N * P), share);
        for (Index n = 1; n < lengths[0]; ++n) target[static_cast<std::size_t>(n * P + 1)] = std::nanf("");
        target[1] = 0.5f;
        target[static_cast<std::size_t>((N - 1) * P)] = std::nanf("");
        for (const LossKind kind : kAll) {
          if (kind == LossKind::pearson) continue;  // by definition, r of one frame is 0 / 0; it is tested below
          SCOPED_TRACE(std::string(name_of(kind)) + " " + std::to_string(N) + " x " + std::to_string(P));
          const LossTerm term{kind, 1, 0.7};
          const Result got = run(exec(), weighted({term}), y, target, P, lengths);
          const oracle::Loss want = expected(term, to_double(y), to_double(target), P, lengths);
          EXPECT_NEAR(got.value, want.value, 1e-12 * (1 + want.value));
          EXPECT_REL_L2(got.dy, want.dy, 1e-7);
          for (std::size_t i = 0; i < target.size(); ++i) ASSERT_TRUE(got.dy[i] == 0 || !std::isnan(target[i])) << i;
        }
      }
}

TEST_P(Loss, SkipsMissingTargetsInCorrelations) {
  Rng rng(48);
  const Lengths lengths{90, 41, 17};
  constexpr Index P = 3;
  const std::vector<float> y = rng.normals(sum_of(lengths) * P);
  std::vector<float> target = with_gaps(rng, rng.normals(sum_of(lengths) * P), 0.3);
  for (Index n = 90; n < 131; ++n) target[static_cast<std::size_t>(n * P)] = std::nanf("");
  const Result got = run(exec(), LossKind::pearson, y, target, P, lengths);
  const oracle::Loss want = expected({LossKind::pearson, 1, 1}, to_double(y), to_double(target), P, lengths);
  EXPECT_EQ(got.parts[0].count, 3 * 3 - 1);
  EXPECT_NEAR(got.value, want.value, 1e-12);
  EXPECT_REL_L2(got.dy, want.dy, 1e-7);
}

// Where nothing is missing in a channel, what is missing in another changes only the count.
TEST_P(Loss, CountsMeasuredTargets) {
  const float gap = std::nanf("");
  const std::vector<float> y{3, 1, 5, 2, 0, 4}, target{1, gap, gap, gap, 0, 4};
  const Result mse = run(exec(), LossKind::mse, y, target, 2);
  EXPECT_EQ(mse.value, 4.0 / 3);
  EXPECT_EQ(mse.parts[0].count, 3);
  EXPECT_EQ(mse.dy, (std::vector<float>{static_cast<float>(4 * (1.0 / 3)), 0, 0, 0, 0, 0}));
  const Result velocity = run(exec(), LossKind::velocity, y, target, 2);
  EXPECT_EQ(velocity.parts[0].count, 0) << "no two measured frames follow each other";
  EXPECT_EQ(velocity.value, 0);
  EXPECT_EQ(run(exec(), LossKind::velocity, y, {1, gap, 3, gap, 0, 4}, 2).parts[0].count, 2);
  EXPECT_EQ(run(exec(), LossKind::ccc, y, {gap, gap, gap, gap, gap, 4}, 2).parts[0].count, 1);
}

TEST_P(Loss, OfNothingMeasuredIsZero) {
  const std::vector<float> nothing(6, std::nanf(""));
  for (const LossKind kind : kAll) {
    SCOPED_TRACE(name_of(kind));
    const Result got = run(exec(), kind, {3, 1, 5, 2, 0, 4}, nothing, 2);
    EXPECT_EQ(got.value, 0);
    EXPECT_EQ(got.parts[0].count, 0);
    EXPECT_EQ(got.dy, std::vector<float>(6));
  }
}

// Only a missing target is skipped: a prediction that is not finite shows wherever it is.
TEST_P(Loss, ABadPredictionShowsWhereTheTargetIsMissing) {
  const float gap = std::nanf("");
  for (const float bad : {gap, HUGE_VALF})
    for (const LossKind kind : kAll) {
      SCOPED_TRACE(name_of(kind));
      EXPECT_FALSE(std::isfinite(run(exec(), kind, {1, bad, 3}, {0, gap, 0}, 1).value));
      EXPECT_FALSE(std::isfinite(run(exec(), kind, {1, bad}, {gap, gap}, 1).value));
    }
}

TEST_P(Loss, TermsAreWeightedAndAdded) {
  Rng rng(42);
  const Lengths lengths{70, 41, 1};
  constexpr Index P = 3;
  const std::vector<float> y = rng.normals(sum_of(lengths) * P), target = rng.normals(sum_of(lengths) * P);
  for (const bool first : {true, false}) {
    std::vector<LossTerm> terms{
        {LossKind::huber, 0.25, 0.5}, {LossKind::velocity, 3, 1}, {LossKind::mae, 0.1, 1}, {LossKind::mse, 2, 1}};
    if (first) std::swap(terms[0], terms[1]);
    std::vector<std::pair<double, oracle::Loss>> all;
    for (const LossTerm& t : terms)
      all.emplace_back(t.weight, expected(t, to_double(y), to_double(target), P, lengths));
    const Result got = run(exec(), weighted(terms), y, target, P, lengths);
    const oracle::Loss want = oracle::weighted_sum(all);
    EXPECT_NEAR(got.value / want.value, 1, 1e-12);
    EXPECT_REL_L2(got.dy, want.dy, 2e-7);
  }
}

// y and the steps are multiples of powers of two, so that y + step is exact in float.
TEST_P(Loss, GradientsAreTheSlopes) {
  Rng rng(43);
  const Lengths lengths{23, 11, 5};
  constexpr Index P = 2;
  constexpr double kStep = 0x1p-13;
  std::vector<float> y = rng.normals(sum_of(lengths) * P), along(y.size());
  const std::vector<float> whole = rng.normals(sum_of(lengths) * P), part = with_gaps(rng, whole, 0.2);
  for (float& v : y) v = std::round(v * 64) / 64;
  for (float& v : along) v = static_cast<float>(rng.below(3) - 1);
  const auto moved = [&](double by) {
    std::vector<float> out = y;
    for (std::size_t i = 0; i < out.size(); ++i) out[i] += static_cast<float>(by) * along[i];
    return out;
  };
  for (std::size_t i = 0; i < 2 * std::size(kAll); ++i) {
    const LossKind kind = kAll[i / 2];
    const std::vector<float>& target = i % 2 == 0 ? whole : part;
    if (kind == LossKind::mae) continue;  // has a corner at 0, which the step may cross
    SCOPED_TRACE(std::string(name_of(kind)) + (i % 2 == 0 ? "" : " with gaps"));
    const Objective o = weighted({{kind, 1.5, 100}});
    const double up = run(exec(), o, moved(kStep), target, P, lengths).value;
    const double down = run(exec(), o, moved(-kStep), target, P, lengths).value;
    const std::vector<float> dy = run(exec(), o, y, target, P, lengths).dy;
    double slope = 0;
    for (std::size_t k = 0; k < dy.size(); ++k) slope += static_cast<double>(dy[k]) * static_cast<double>(along[k]);
    EXPECT_NEAR((up - down) / (2 * kStep), slope, 1e-6);
  }
}

TEST_P(Loss, OfAPerfectAnswerIsZeroWithNoGradient) {
  const std::vector<float> y{1, -2, 0, 3e30f};
  for (const LossKind kind : kAll) {
    SCOPED_TRACE(name_of(kind));
    const Result got = run(exec(), kind, y, y, 2);
    EXPECT_NEAR(got.value, 0, 1e-15);
    for (const float g : got.dy) EXPECT_NEAR(g, 0, 1e-15);
  }
}

// Channel 0 of y is constant, channel 1 of the target, channel 2 both and unequal, channel 3 both and equal.
TEST_P(Loss, OfConstantChannelsIsDefined) {
  const std::vector<float> y{0.1f, 1, 2, 0.3f, 0.1f, 2, 2, 0.3f, 0.1f, 4, 2, 0.3f};
  const std::vector<float> target{1, 0.1f, 5, 0.3f, 2, 0.1f, 5, 0.3f, 4, 0.1f, 5, 0.3f};
  const Result pearson = run(exec(), LossKind::pearson, y, target, 4);
  EXPECT_EQ(pearson.value, 1);
  EXPECT_EQ(pearson.dy, std::vector<float>(12));
  const Result ccc = run(exec(), LossKind::ccc, y, target, 4);
  EXPECT_EQ(ccc.value, 0.75);
  // c = 2 s_yt / (s_y^2 + s_t^2 + (difference of the means)^2) grows with s_yt where y is constant, and only there.
  EXPECT_LT(ccc.dy[8], 0);
  EXPECT_GT(ccc.dy[0], 0);
  for (const std::size_t i : {1, 2, 3, 5, 6, 7, 9, 10, 11}) EXPECT_EQ(ccc.dy[i], 0) << i;
}

TEST_P(Loss, OfOneFrameIsDefined) {
  const Result pearson = run(exec(), LossKind::pearson, {3, 4}, {3, 5}, 2);
  EXPECT_EQ(pearson.value, 1);
  EXPECT_EQ(pearson.dy, std::vector<float>(2));
  const Result ccc = run(exec(), LossKind::ccc, {3, 4}, {3, 5}, 2);
  EXPECT_EQ(ccc.value, 0.5);
  EXPECT_EQ(ccc.dy, std::vector<float>(2));
  const Result velocity = run(exec(), LossKind::velocity, {3, 4}, {3, 5}, 2);
  EXPECT_EQ(velocity.value, 0);
  EXPECT_EQ(velocity.dy, std::vector<float>(2));
}

TEST_P(Loss, OfVelocityKnowsWhereUtterancesEnd) {
  const Result got = run(exec(), LossKind::velocity, {0, 1, 9, 9}, {0, 0, 0, 0}, 1, {2, 2});
  EXPECT_EQ(got.value, 0.5);
  EXPECT_EQ(got.dy, (std::vector<float>{-1, 1, 0, 0}));
}

TEST_P(Loss, IsAMeanOverElements) {
  EXPECT_EQ(run(exec(), LossKind::mse, {3, 0, 0, 1}, {1, 0, 0, 0}, 2).value, 1.25);
  EXPECT_EQ(run(exec(), LossKind::mae, {3, 0, 0, 1}, {1, 0, 0, 0}, 2).value, 0.75);
  EXPECT_EQ(run(exec(), LossKind::huber, {3, 0, 0, 1}, {1, 0, 0, 0}, 2).value, 0.5);
  EXPECT_EQ(run(exec(), LossKind::mse, {3, 0, 0, 1}, {1, 0, 0, 0}, 2).dy, (std::vector<float>{1, 0, 0, 0.5}));
  EXPECT_EQ(run(exec(), LossKind::mae, {3, 0, 0, -1}, {1, 0, 0, 0}, 2).dy, (std::vector<float>{0.25, 0, 0, -0.25}));
}

TEST_P(Loss, WithoutAGradientTheValueIsTheSame) {
  Rng rng(44);
  const std::vector<float> a = rng.normals(40), b = rng.normals(40);
  for (const LossKind kind : kAll) {
    Block<float> y(exec(), a), target(exec(), b);
    Block<double> value(exec(), Index{1});
    RaggedBlock ragged(exec(), {13, 7});
    loss(exec(), {kind, y.view<2>({20, 2}), target.view<2>({20, 2}), ragged.view(), {}, value.view()});
    EXPECT_EQ(value.values().front(), run(exec(), kind, a, b, 2, {13, 7}).value) << name_of(kind);
  }
}

TEST_P(Loss, PartsOfBatchesMakeThatOfTheWhole) {
  Rng rng(45);
  constexpr Index P = 2;
  const std::vector<float> y = rng.normals(30 * P), target = with_gaps(rng, rng.normals(30 * P), 0.2);
  const auto rows = [&](const std::vector<float>& v, Index from, Index to) {
    return std::vector<float>(v.begin() + from * P, v.begin() + to * P);
  };
  for (const LossKind kind : kAll) {
    SCOPED_TRACE(name_of(kind));
    const Result whole = run(exec(), kind, y, target, P, {14, 11, 5});
    const LossPart a = run(exec(), kind, rows(y, 0, 25), rows(target, 0, 25), P, {14, 11}).parts[0];
    const LossPart b = run(exec(), kind, rows(y, 25, 30), rows(target, 25, 30), P, {5}).parts[0];
    EXPECT_EQ(a.count + b.count, whole.parts[0].count);
    EXPECT_NEAR((a.sum + b.sum) / static_cast<double>(a.count + b.count), whole.value, 1e-14);
  }
}

TEST_P(Loss, HasTheSameBitsOnAnyNumberOfThreads) {
  Rng rng(46);
  const Lengths lengths{300, 200, 150, 90, 1};
  const std::vector<float> y = rng.normals(sum_of(lengths) * 5),
                           target = with_gaps(rng, rng.normals(sum_of(lengths) * 5), 0.05);
  const Objective o = weighted({{LossKind::ccc, 0.7, 1}, {LossKind::velocity, 0.2, 1}, {LossKind::mse, 0.3, 1}});
  const Result want = run(exec(), o, y, target, 5, lengths);
  for (Exec& ex : others()) {
    const Result got = run(ex, o, y, target, 5, lengths);
    EXPECT_EQ(got.value, want.value);
    EXPECT_BITWISE(got.dy, want.dy);
  }
}

TEST_P(Loss, ABadValueShows) {
  for (const LossKind kind : kAll)
    EXPECT_TRUE(std::isnan(run(exec(), kind, {1, std::nanf("")}, {0, 0}, 1).value)) << name_of(kind);
}

TEST_P(Loss, OfNothingIsZero) {
  for (const LossKind kind : kAll) EXPECT_EQ(run(exec(), kind, {}, {}, 1).value, 0) << name_of(kind);
}

CUTRACT_ON_EACH_DEVICE(Loss);

}  // namespace
}  // namespace cutract::test
