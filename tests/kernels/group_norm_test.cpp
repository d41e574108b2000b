#include "kernels/group_norm.h"

#include <cmath>
#include <numeric>

#include "tests/kernels/on_each_device.h"
#include "tests/oracle/group_norm.h"
#include "tests/support/support.h"

namespace cutract::test {
namespace {

using Floats = std::vector<float>;
using Lengths = std::vector<std::int32_t>;

struct Problem {
  Lengths lengths;
  Floats x, w, b, dy;
  float eps = 1e-5f;
  Index C() const { return std::ssize(w); }
  Index frames() const { return std::accumulate(lengths.begin(), lengths.end(), Index{0}); }
};
// The mean and the deviation differ between utterances and between channels.
Problem random_problem(Rng& rng, const Lengths& lengths, Index C, double mean = 0.5) {
  Problem p{lengths, {}, rng.normals(C), rng.normals(C), {}};
  for (const std::int32_t T : lengths) {
    const double own = mean + rng.normal(), deviation = rng.uniform(0.2, 3);
    for (const float v : rng.normals(T * C))
      p.x.push_back(static_cast<float>(own + deviation * static_cast<double>(v)));
  }
  p.dy = rng.normals(p.frames() * C);
  for (float& v : p.dy) v += 0.3f;
  return p;
}

struct Result {
  Floats y, stats, dx, dw, db;
};
// With `behind` rows after the last utterance, which x and dy have already. dw and db start from `start`.
Result run(Exec& ex, const Problem& p, float start = 0, Index behind = 0) {
  const Index N = p.frames() + behind, C = p.C(), B = std::ssize(p.lengths);
  const std::array<Index, 2> shape{N, C};
  RaggedBlock ragged(ex, p.lengths, behind);
  Block<float> x(ex, p.x), w(ex, p.w), b(ex, p.b), dy(ex, p.dy), y(ex, N * C), stats(ex, 3 * B), dx(ex, N * C);
  Block<float> dw(ex, Floats(p.w.size(), start)), db(ex, Floats(p.b.size(), start));
  group_norm(ex, {x.view<2>(shape), ragged.view(), w.view(), b.view(), y.view<2>(shape), stats.view<2>({B, 3}), p.eps});
  group_norm_backward(ex, {x.view<2>(shape), ragged.view(), w.view(), stats.view<2>({B, 3}), dy.view<2>(shape),
                           dx.view<2>(shape), dw.view(), db.view()});
  return {y.values(), stats.values(), dx.values(), dw.values(), db.values()};
}

oracle::GroupNorm oracle_of(const Problem& p) { return {to_double(p.w), to_double(p.b), static_cast<double>(p.eps)}; }
Floats magnitudes(Floats v) {
  for (float& e : v) e = std::abs(e);
  return v;
}
void expect_agreement(const Problem& p, const Result& got) {
  const std::vector<int> lengths(p.lengths.begin(), p.lengths.end());
  const std::vector<double> x = to_double(p.x), dy = to_double(p.dy);
  EXPECT_REL_L2(got.y, oracle::group_norm(oracle_of(p), lengths, x), 2e-6);
  const auto want = oracle::group_norm_gradient(oracle_of(p), lengths, x, dy);
  // The terms of dw are at most about |dy| times a few deviations.
  const std::vector<double> terms =
      oracle::group_norm_gradient(oracle_of(p), lengths, x, to_double(magnitudes(p.dy))).db;
  EXPECT_REL_L2(got.dx, want.dx, 1e-5);
  EXPECT_REL_L2_OF_SUMS(got.dw, want.dw, terms, 1e-5);
  EXPECT_REL_L2_OF_SUMS(got.db, want.db, terms, 1e-5);
}

class GroupNormOp : public OnEachDevice {};

TEST_P(GroupNormOp, AgreesWithTheOracle) {
  Rng rng(71);
  for (const Lengths& lengths : {Lengths{1}, {2, 1, 1}, {40, 33, 17, 2, 1}, {129, 128, 65, 64, 63, 1}})
    for (const Index C : {3, 31, 33, 64, 65, 300}) {
      SCOPED_TRACE(std::to_string(lengths.front()) + " frames, C " + std::to_string(C));
      const Problem p = random_problem(rng, lengths, C);
      expect_agreement(p, run(exec(), p));
    }
  // With two values in an utterance, dx would be only what a cancellation leaves.
  for (const Lengths& lengths : {Lengths{5}, {300, 70, 2}}) {
    const Problem p = random_problem(rng, lengths, 1);
    expect_agreement(p, run(exec(), p));
  }
}

TEST_P(GroupNormOp, AgreesWithTorch) {
  const TensorFile f = golden("group_norm.safetensors");
  const auto numbers = [&](const char* name) {
    const std::vector<double> v = f.at(name, "golden").as_f64();
    return Floats(v.begin(), v.end());
  };
  Problem p;
  for (const auto length : f.at("length", "golden").as_i64()) p.lengths.push_back(static_cast<std::int32_t>(length));
  p.x = numbers("x"), p.w = numbers("w"), p.b = numbers("b"), p.dy = numbers("dy");
  const Result got = run(exec(), p);
  EXPECT_REL_L2(got.y, f.at("y", "golden").as_f64(), 2e-6);
  EXPECT_REL_L2(got.dx, f.at("dx", "golden").as_f64(), 1e-5);
  EXPECT_REL_L2(got.dw, f.at("dw", "golden").as_f64(), 1e-5);
  EXPECT_REL_L2(got.db, f.at("db", "golden").as_f64(), 1e-5);
}

// The oracle's gradients are the limits of the differences of its own values.
TEST(GroupNormOracle, GradientsAreTheSlopes) {
  Rng rng(72);
  const std::vector<int> lengths{5, 2, 1};
  const Problem p = random_problem(rng, {5, 2, 1}, 3);
  oracle::GroupNorm norm = oracle_of(p);
  std::vector<double> x = to_double(p.x);
  const std::vector<double> dy = to_double(p.dy);
  const auto want = oracle::group_norm_gradient(norm, lengths, x, dy);
  const auto value = [&] {
    const std::vector<double> y = oracle::group_norm(norm, lengths, x);
    return std::inner_product(y.begin(), y.end(), dy.begin(), 0.0);
  };
  const auto expect_slopes = [&](std::vector<double>& at, const std::vector<double>& slopes) {
    for (std::size_t i = 0; i < at.size(); ++i) {
      const double home = at[i], h = 1e-5;
      at[i] = home + h;
      const double up = value();
      at[i] = home - h;
      const double down = value();
      at[i] = home;
      EXPECT_NEAR((up - down) / (2 * h), slopes[i], 1e-7) << i;
    }
  };
  expect_slopes(x, want.dx);
  expect_slopes(norm.w, want.dw);
  expect_slopes(norm.b, want.db);
}

TEST_P(GroupNormOp, AnUtteranceDoesNotDependOnItsBatch) {
  Rng rng(73);
  const Problem all = random_problem(rng, {150, 70, 70, 9, 1}, 37);
  const Result together = run(exec(), all);
  Index at = 0;
  for (const std::int32_t T : all.lengths) {
    const auto rows = [&](const Floats& v) { return Floats(v.begin() + at * 37, v.begin() + (at + T) * 37); };
    const Problem alone{{T}, rows(all.x), all.w, all.b, rows(all.dy)};
    const Result got = run(exec(), alone);
    EXPECT_BITWISE(got.y, rows(together.y));
    EXPECT_BITWISE(got.dx, rows(together.dx));
    at += T;
  }
}

// A mean of 10,000 deviations: float sums would lose the variance, and one float would lose the mean.
TEST_P(GroupNormOp, KeepsItsAccuracyFarFromZero) {
  Rng rng(74);
  const Problem p = random_problem(rng, {200, 60, 1}, 20, 1e4);
  expect_agreement(p, run(exec(), p));
}

// Without eps the scale would be infinite, and a small eps is inside the root.
TEST_P(GroupNormOp, OfConstantAndOfSmallValuesIsDefined) {
  const Problem constant{{2, 1}, {7, 7, 7, 7, -3, -3}, {2, 3}, {0.5f, -1}, {1, 2, 3, 4, 5, 6}};
  const Result got = run(exec(), constant);
  EXPECT_EQ(got.y, (Floats{0.5f, -1, 0.5f, -1, 0.5f, -1}));
  EXPECT_EQ(got.dw, Floats(2));
  EXPECT_EQ(got.db, (Floats{9, 12}));
  Rng rng(75);
  Problem small = random_problem(rng, {30, 11}, 8, 0);
  for (float& v : small.x) v *= 1e-3f;
  expect_agreement(small, run(exec(), small));
  small.eps = 0.01f;
  expect_agreement(small, run(exec(), small));
  const Result one = run(exec(), {{1}, {3}, {2}, {0.25f}, {1}});
  EXPECT_EQ(one.y, Floats{0.25f});
  EXPECT_NEAR(one.dx[0], 0, 1e-4);
}

TEST_P(GroupNormOp, ANaNStaysInItsUtterance) {
  Rng rng(76);
  Problem p = random_problem(rng, {100, 50, 20}, 3);
  p.x[130 * 3 + 1] = std::nanf("");
  const Result got = run(exec(), p);
  for (std::size_t i = 0; i < got.y.size(); ++i) {
    const bool within = i >= 100 * 3 && i < 150 * 3;
    ASSERT_EQ(std::isnan(got.y[i]), within) << i;
    ASSERT_EQ(std::isnan(got.dx[i]), within) << i;
  }
}

TEST_P(GroupNormOp, WorksInPlaceAndAddsGradients) {
  Rng rng(77);
  const Problem p = random_problem(rng, {70, 5}, 9);
  const Result apart = run(exec(), p), from_two = run(exec(), p, 2);
  for (std::size_t i = 0; i < 9; ++i) {
    EXPECT_EQ(from_two.dw[i], 2 + apart.dw[i]) << i;
    EXPECT_EQ(from_two.db[i], 2 + apart.db[i]) << i;
  }
  const std::array<Index, 2> shape{75, 9};
  RaggedBlock ragged(exec(), p.lengths);
  Block<float> x(exec(), p.x), same(exec(), p.x), w(exec(), p.w), b(exec(), p.b), dy(exec(), p.dy);
  Block<float> stats(exec(), Index{6}), dw(exec(), Floats(9)), db(exec(), Floats(9));
  group_norm(exec(),
             {same.view<2>(shape), ragged.view(), w.view(), b.view(), same.view<2>(shape), stats.view<2>({2, 3})});
  group_norm_backward(exec(), {x.view<2>(shape), ragged.view(), w.view(), stats.view<2>({2, 3}), dy.view<2>(shape),
                               dy.view<2>(shape), dw.view(), db.view()});
  EXPECT_BITWISE(same.values(), apart.y);
  EXPECT_BITWISE(dy.values(), apart.dx);
  EXPECT_BITWISE(dw.values(), apart.dw);
  EXPECT_BITWISE(db.values(), apart.db);
}

TEST_P(GroupNormOp, SameBitsForAnyThreadCount) {
  Rng rng(78);
  const Problem p = random_problem(rng, {700, 300, 130, 2, 1}, 70);
  const Result one = run(exec(), p);
  for (Exec& other : others()) {
    const Result many = run(other, p);
    EXPECT_BITWISE(many.y, one.y);
    EXPECT_BITWISE(many.stats, one.stats);
    EXPECT_BITWISE(many.dx, one.dx);
    EXPECT_BITWISE(many.dw, one.dw);
    EXPECT_BITWISE(many.db, one.db);
  }
}

TEST(GroupNormRowsBehind, ChangeNothingAndAreZero) {
  std::optional<Exec> gpu = exec_for(Device::gpu);
  if (!gpu) GTEST_SKIP() << why_no_gpu();
  Rng rng(79);
  for (const Index behind : {1, 40, 300}) {
    Problem p = random_problem(rng, {130, 61, 1}, 5);
    const Result want = run(*gpu, p);
    const auto with_rows = [&](Floats v, float value) {
      v.resize(v.size() + static_cast<std::size_t>(behind * 5), value);
      return v;
    };
    p.x = with_rows(p.x, std::nanf(""));
    p.dy = with_rows(p.dy, 1e30f);
    const Result got = run(*gpu, p, 0, behind);
    EXPECT_BITWISE(got.y, with_rows(want.y, 0));
    EXPECT_BITWISE(got.stats, want.stats);
    EXPECT_BITWISE(got.dx, with_rows(want.dx, 0));
    EXPECT_BITWISE(got.dw, want.dw);
    EXPECT_BITWISE(got.db, want.db);
  }
}

TEST_P(GroupNormOp, TakesNoFrames) {
  const Result got = run(exec(), {{}, {}, Floats(3, 1), Floats(3, 1), {}}, 4);
  EXPECT_TRUE(got.y.empty());
  EXPECT_EQ(got.dw, Floats(3, 4));
  EXPECT_EQ(got.db, Floats(3, 4));
}

TEST_P(GroupNormOp, WrongShapesAreNamed) {
  Block<float> x(exec(), Index{6}), w(exec(), Index{2}), y(exec(), Index{6}), stats(exec(), Index{2});
  RaggedBlock ragged(exec(), {3});
  EXPECT_FAULT(group_norm(exec(), {x.view<2>({3, 2}), ragged.view(), w.view(), w.view(), y.view<2>({3, 2}),
                                   stats.view<2>({1, 2})}),
               Fault::internal, "group_norm.stats: shape is [1,2], expected [1,3]");
  EXPECT_FAULT(group_norm(exec(), {x.view<2>({2, 3}), ragged.view(), w.view(), w.view(), y.view<2>({2, 3}),
                                   stats.view<2>({1, 2})}),
               Fault::internal, "group_norm.ragged.frames");
}

CUTRACT_ON_EACH_DEVICE(GroupNormOp);

}  // namespace
}  // namespace cutract::test
