#include "kernels/depthwise_conv.h"

#include <cmath>
#include <numeric>

#include "tests/kernels/on_each_device.h"
#include "tests/oracle/depthwise_conv.h"
#include "tests/support/support.h"

namespace cutract::test {
namespace {

using Floats = std::vector<float>;
using Lengths = std::vector<std::int32_t>;

struct Problem {
  Lengths lengths;
  Index C, K;
  Floats x, w, b, dy;
  Index frames() const { return std::accumulate(lengths.begin(), lengths.end(), Index{0}); }
};
Problem random_problem(Rng& rng, const Lengths& lengths, Index C, Index K) {
  Problem p{lengths, C, K, {}, {}, {}, {}};
  p.x = rng.normals(p.frames() * C);
  p.w = rng.normals(C * K, 0.5);
  p.b = rng.normals(C);
  p.dy = rng.normals(p.frames() * C);
  return p;
}

struct Result {
  Floats y, dx, dw, db;
};
// With `behind` rows after the last utterance, which x and dy have already. dw and db start from `start`.
Result run(Exec& ex, const Problem& p, float start = 0, Index behind = 0) {
  const Index N = p.frames() + behind;
  const std::array<Index, 2> shape{N, p.C};
  RaggedBlock ragged(ex, p.lengths, behind);
  Block<float> x(ex, p.x), w(ex, p.w), b(ex, p.b), dy(ex, p.dy), y(ex, N * p.C), dx(ex, N * p.C);
  Block<float> dw(ex, Floats(p.w.size(), start)), db(ex, Floats(p.b.size(), start));
  depthwise_conv(ex, {x.view<2>(shape), ragged.view(), w.view<2>({p.C, p.K}), b.view(), y.view<2>(shape)});
  depthwise_conv_backward(ex, {x.view<2>(shape), ragged.view(), w.view<2>({p.C, p.K}), dy.view<2>(shape),
                               dx.view<2>(shape), dw.view<2>({p.C, p.K}), db.view()});
  return {y.values(), dx.values(), dw.values(), db.values()};
}

oracle::DepthwiseConv oracle_of(const Problem& p) {
  return {static_cast<int>(p.C), static_cast<int>(p.K), to_double(p.w), to_double(p.b)};
}
Floats magnitudes(Floats v) {
  for (float& e : v) e = std::abs(e);
  return v;
}
void expect_agreement(const Problem& p, const Result& got) {
  const std::vector<int> lengths(p.lengths.begin(), p.lengths.end());
  EXPECT_REL_L2(got.y, oracle::depthwise_conv(oracle_of(p), lengths, to_double(p.x)), 2e-6);
  const auto want = oracle::depthwise_conv_gradient(oracle_of(p), lengths, to_double(p.x), to_double(p.dy));
  const auto terms =
      oracle::depthwise_conv_gradient(oracle_of(p), lengths, to_double(magnitudes(p.x)), to_double(magnitudes(p.dy)));
  EXPECT_REL_L2(got.dx, want.dx, 1e-5);
  EXPECT_REL_L2_OF_SUMS(got.dw, want.dw, terms.dw, 1e-5);
  EXPECT_REL_L2_OF_SUMS(got.db, want.db, terms.db, 1e-5);
}

class DepthwiseConvOp : public OnEachDevice {};

TEST_P(DepthwiseConvOp, AgreesWithTheOracle) {
  Rng rng(61);
  for (const Lengths& lengths : {Lengths{1}, {2, 1, 1}, {40, 33, 17, 2, 1}, {65, 64, 63, 16, 1}, {129, 128, 127}})
    for (const Index C : {1, 7, 33})
      for (const Index K : {1, 3, 9, 31, 63}) {
        SCOPED_TRACE(std::to_string(lengths.front()) + " frames, C " + std::to_string(C) + ", K " + std::to_string(K));
        const Problem p = random_problem(rng, lengths, C, K);
        expect_agreement(p, run(exec(), p));
      }
}

// Longer than the tiles of every pass, and more channels than a block of any device has.
TEST_P(DepthwiseConvOp, AgreesWithTheOracleOverManyTiles) {
  Rng rng(62);
  const Problem p = random_problem(rng, {1100, 700, 300, 1}, 70, 31);
  expect_agreement(p, run(exec(), p));
}

TEST_P(DepthwiseConvOp, AgreesWithTorch) {
  const TensorFile f = golden("depthwise_conv.safetensors");
  const auto numbers = [&](const char* name) {
    const std::vector<double> v = f.at(name, "golden").as_f64();
    return Floats(v.begin(), v.end());
  };
  Problem p;
  for (const auto length : f.at("length", "golden").as_i64()) p.lengths.push_back(static_cast<std::int32_t>(length));
  p.C = f.at("w", "golden").shape[0];
  p.K = f.at("w", "golden").shape[2];
  p.x = numbers("x");
  p.w = numbers("w");
  p.b = numbers("b");
  p.dy = numbers("dy");
  const Result got = run(exec(), p);
  EXPECT_REL_L2(got.y, f.at("y", "golden").as_f64(), 2e-6);
  EXPECT_REL_L2(got.dx, f.at("dx", "golden").as_f64(), 1e-5);
  EXPECT_REL_L2(got.dw, f.at("dw", "golden").as_f64(), 1e-5);
  EXPECT_REL_L2(got.db, f.at("db", "golden").as_f64(), 1e-5);
}

// The oracle is linear in x, in w and in b, and its gradients are those of this bilinear form.
TEST(DepthwiseConvOracle, GradientsAreTheAdjoints) {
  Rng rng(63);
  const std::vector<int> lengths{9, 4, 1};
  const Problem p = random_problem(rng, {9, 4, 1}, 3, 5), q = random_problem(rng, {9, 4, 1}, 3, 5);
  const auto dot = [](const std::vector<double>& a, const std::vector<double>& b) {
    return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
  };
  const auto value = [&](const Floats& x, const Floats& w, const Floats& b) {
    return dot(to_double(p.dy), oracle::depthwise_conv({3, 5, to_double(w), to_double(b)}, lengths, to_double(x)));
  };
  const auto g = oracle::depthwise_conv_gradient(oracle_of(p), lengths, to_double(p.x), to_double(p.dy));
  const Floats none(3);
  EXPECT_NEAR(value(q.x, p.w, none), dot(g.dx, to_double(q.x)), 1e-12);
  EXPECT_NEAR(value(p.x, q.w, none), dot(g.dw, to_double(q.w)), 1e-12);
  EXPECT_NEAR(value(Floats(p.x.size()), p.w, q.b), dot(g.db, to_double(q.b)), 1e-12);
}

TEST_P(DepthwiseConvOp, AnUtteranceDoesNotDependOnItsBatch) {
  Rng rng(64);
  const Problem all = random_problem(rng, {150, 70, 70, 9, 1}, 37, 15);
  const Result together = run(exec(), all);
  Index at = 0;
  for (const std::int32_t T : all.lengths) {
    const auto rows = [&](const Floats& v) { return Floats(v.begin() + at * all.C, v.begin() + (at + T) * all.C); };
    const Problem alone{{T}, all.C, all.K, rows(all.x), all.w, all.b, rows(all.dy)};
    const Result got = run(exec(), alone);
    EXPECT_BITWISE(got.y, rows(together.y));
    EXPECT_BITWISE(got.dx, rows(together.dx));
    at += T;
  }
}

// The impulse response is the kernel in reverse order, cut off at the ends of the utterance.
TEST_P(DepthwiseConvOp, AnImpulseGivesTheKernelWithinItsUtterance) {
  Problem p{{3, 3}, 1, 5, {0, 0, 1, 0, 0, 0}, {1, 2, 3, 4, 5}, {10}, Floats(6)};
  EXPECT_EQ(run(exec(), p).y, (Floats{15, 14, 13, 10, 10, 10}));
  p.x = {0, 0, 0, 1, 0, 0};
  EXPECT_EQ(run(exec(), p).y, (Floats{10, 10, 10, 13, 12, 11}));
}

TEST_P(DepthwiseConvOp, ANaNReachesNoFurtherThanTheKernel) {
  Rng rng(65);
  Problem p = random_problem(rng, {100, 50}, 3, 9);
  p.x[40 * 3 + 1] = std::nanf("");
  const Floats y = run(exec(), p).y;
  for (Index n = 0; n < 150; ++n)
    for (Index c = 0; c < 3; ++c)
      ASSERT_EQ(std::isnan(y[static_cast<std::size_t>(n * 3 + c)]), c == 1 && std::abs(n - 40) <= 4) << n << " " << c;
}

TEST_P(DepthwiseConvOp, GradientsAreAddedAndDxMayBeLeftOut) {
  Rng rng(66);
  const Problem p = random_problem(rng, {30, 5}, 9, 7);
  const Result from_zero = run(exec(), p), from_two = run(exec(), p, 2);
  for (std::size_t i = 0; i < from_zero.dw.size(); ++i) EXPECT_EQ(from_two.dw[i], 2 + from_zero.dw[i]) << i;
  for (std::size_t i = 0; i < from_zero.db.size(); ++i) EXPECT_EQ(from_two.db[i], 2 + from_zero.db[i]) << i;
  RaggedBlock ragged(exec(), p.lengths);
  Block<float> x(exec(), p.x), w(exec(), p.w), dy(exec(), p.dy), dw(exec(), Floats(63)), db(exec(), Floats(9));
  depthwise_conv_backward(
      exec(),
      {x.view<2>({35, 9}), ragged.view(), w.view<2>({9, 7}), dy.view<2>({35, 9}), {}, dw.view<2>({9, 7}), db.view()});
  EXPECT_BITWISE(dw.values(), from_zero.dw);
  EXPECT_BITWISE(db.values(), from_zero.db);
}

TEST_P(DepthwiseConvOp, SameBitsForAnyThreadCount) {
  Rng rng(67);
  const Problem p = random_problem(rng, {700, 300, 130, 2, 1}, 70, 31);
  const Result one = run(exec(), p);
  for (Exec& other : others()) {
    const Result many = run(other, p);
    EXPECT_BITWISE(many.y, one.y);
    EXPECT_BITWISE(many.dx, one.dx);
    EXPECT_BITWISE(many.dw, one.dw);
    EXPECT_BITWISE(many.db, one.db);
  }
}

TEST(DepthwiseConvRowsBehind, ChangeNothingAndAreZero) {
  std::optional<Exec> gpu = exec_for(Device::gpu);
  if (!gpu) GTEST_SKIP() << why_no_gpu();
  Rng rng(68);
  for (const Index behind : {1, 40, 300}) {
    Problem p = random_problem(rng, {130, 61, 1}, 5, 31);
    const Result want = run(*gpu, p);
    const auto with_rows = [&](Floats v, float value) {
      v.resize(v.size() + static_cast<std::size_t>(behind * p.C), value);
      return v;
    };
    p.x = with_rows(p.x, std::nanf(""));
    p.dy = with_rows(p.dy, 1e30f);
    const Result got = run(*gpu, p, 0, behind);
    EXPECT_BITWISE(got.y, with_rows(want.y, 0));
    EXPECT_BITWISE(got.dx, with_rows(want.dx, 0));
    EXPECT_BITWISE(got.dw, want.dw);
    EXPECT_BITWISE(got.db, want.db);
  }
}

TEST_P(DepthwiseConvOp, TakesNoFrames) {
  const Result got = run(exec(), {{}, 3, 5, {}, Floats(15, 1), Floats(3, 1), {}}, 4);
  EXPECT_TRUE(got.y.empty());
  EXPECT_EQ(got.dw, Floats(15, 4));
  EXPECT_EQ(got.db, Floats(3, 4));
}

TEST_P(DepthwiseConvOp, WrongShapesAreNamed) {
  Rng rng(69);
  const auto expect = [&](Problem p, const char* text) { EXPECT_FAULT(run(exec(), p), Fault::internal, text); };
  expect(random_problem(rng, {3}, 2, 4),
         "depthwise_conv.w: the kernel has 4 taps, expected an odd number from 1 to 63");
  expect(random_problem(rng, {3}, 2, 65),
         "depthwise_conv.w: the kernel has 65 taps, expected an odd number from 1 to 63");
  Block<float> x(exec(), Index{6}), w(exec(), Index{9}), b(exec(), Index{2}), y(exec(), Index{6});
  RaggedBlock ragged(exec(), {3});
  EXPECT_FAULT(
      depthwise_conv(exec(), {x.view<2>({3, 2}), ragged.view(), w.view<2>({3, 3}), b.view(), y.view<2>({3, 2})}),
      Fault::internal, "depthwise_conv.w: shape is [3,3], expected [2,3]");
}

CUTRACT_ON_EACH_DEVICE(DepthwiseConvOp);

}  // namespace
}  // namespace cutract::test
