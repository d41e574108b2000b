#include "kernels/linear.h"

#include "tests/kernels/on_each_device.h"
#include "tests/oracle/linear.h"
#include "tests/support/support.h"

namespace cutract::test {
namespace {

constexpr double kForward = 2e-6, kBackward = 1e-5;  // relative L2

struct Case {
  Index N, I, O;
  std::vector<float> x, w, b, dy;
};
Case random_case(Rng& rng, Index N, Index I, Index O) {
  const double scale = 1 / std::sqrt(static_cast<double>(I));
  return {N, I, O, rng.normals(N * I), rng.normals(O * I, scale), rng.normals(O, scale), rng.normals(N * O)};
}

struct Result {
  std::vector<float> y, dx, dw, db;
};
// Gradients of the weights are added to `dw` and `db` (zeros if empty).
Result run(Exec& ex, const Case& c, bool want_dx = true, std::vector<float> dw0 = {}, std::vector<float> db0 = {}) {
  dw0.resize(c.w.size());
  db0.resize(c.b.size());
  Block<float> x(ex, c.x), w(ex, c.w), b(ex, c.b), dy(ex, c.dy), y(ex, c.N * c.O), dx(ex, c.N * c.I), dw(ex, dw0),
      db(ex, db0);
  const View<float, 2> xv = x.view<2>({c.N, c.I}), wv = w.view<2>({c.O, c.I});
  linear(ex, {xv, wv, b.view(), y.view<2>({c.N, c.O})});
  linear_backward(ex, {xv, wv, dy.view<2>({c.N, c.O}), want_dx ? dx.view<2>({c.N, c.I}) : View<float, 2>{},
                       dw.view<2>({c.O, c.I}), db.view()});
  return {y.values(), dx.values(), dw.values(), db.values()};
}

oracle::Linear oracle_of(const Case& c) {
  return {static_cast<std::size_t>(c.I), static_cast<std::size_t>(c.O), to_double(c.w), to_double(c.b)};
}

// Moduli of x, w, b and dy: what each output and gradient would be if nothing cancelled.
std::vector<double> moduli(std::vector<double> v) {
  for (double& x : v) x = std::abs(x);
  return v;
}

// Sums of 257 products in float, one after the other: their relative error has no bound, that against their terms has.
TEST(SupportTest, OneSumIsMeasuredAgainstItsTerms) {
  Rng rng(30);
  double relative = 0;
  double of_sums = 0;
  for (int draw = 0; draw < 20'000; ++draw) {
    const std::vector<float> x = rng.normals(257), w = rng.normals(257);
    float got = 0;
    double want = 0;
    double terms = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      got += x[i] * w[i];
      const double term = static_cast<double>(x[i]) * static_cast<double>(w[i]);
      want += term;
      terms += std::abs(term);
    }
    relative = std::max(relative, rel_l2(std::vector<float>{got}, std::vector<double>{want}));
    of_sums = std::max(of_sums, rel_l2_of_sums(std::vector<float>{got}, std::vector<double>{want}, {terms}));
  }
  EXPECT_GT(relative, 10 * kForward);
  EXPECT_LE(of_sums, kForward);
  EXPECT_GT(rel_l2_of_sums(std::vector<float>{1.1f}, std::vector<double>{1}, {9}), 0.08) << "errors still count";
}

class Linear : public OnEachDevice {};

TEST_P(Linear, AgreesWithTheOracle) {
  Rng rng(31);
  for (const Index N : {1, 2, 17, 127, 128, 129, 700})
    for (const Index I : {1, 7, 64, 257})
      for (const Index O : {1, 12, 33, 300}) {
        SCOPED_TRACE(std::to_string(N) + " x " + std::to_string(I) + " -> " + std::to_string(O));
        const Case c = random_case(rng, N, I, O);
        const Result got = run(exec(), c);
        const oracle::Linear of = oracle_of(c), of_moduli{of.I, of.O, moduli(of.w), moduli(of.b)};
        const std::vector<double> x = to_double(c.x), dy = to_double(c.dy);
        const oracle::LinearGradient want = oracle::linear_gradient(of, x, dy);
        const oracle::LinearGradient terms = oracle::linear_gradient(of_moduli, moduli(x), moduli(dy));
        EXPECT_REL_L2_OF_SUMS(got.y, oracle::linear(of, x), oracle::linear(of_moduli, moduli(x)), kForward);
        EXPECT_REL_L2_OF_SUMS(got.dx, want.dx, terms.dx, kBackward);
        EXPECT_REL_L2_OF_SUMS(got.dw, want.dw, terms.dw, kBackward);
        EXPECT_REL_L2_OF_SUMS(got.db, want.db, terms.db, kBackward);
        if (HasFailure()) return;
      }
}

TEST_P(Linear, GradientsAddUpAndDxIsOptional) {
  Rng rng(32);
  const Case c = random_case(rng, 9, 5, 4);
  const Result once = run(exec(), c), twice = run(exec(), c, false, once.dw, once.db);
  std::vector<float> dw = once.dw, db = once.db;
  for (auto& v : dw) v *= 2;
  for (auto& v : db) v *= 2;
  EXPECT_REL_L2(twice.dw, dw, 1e-6);
  EXPECT_REL_L2(twice.db, db, 1e-6);
  for (const float v : twice.dx) EXPECT_TRUE(std::isnan(v));
}

TEST_P(Linear, DxIsAddedToWhatIsThere) {
  Rng rng(35);
  Exec& ex = exec();
  const Case c = random_case(rng, 40, 5, 4);
  const std::vector<float> before = rng.normals(40 * 5), set = run(ex, c).dx;
  Block<float> x(ex, c.x), w(ex, c.w), dy(ex, c.dy), dx(ex, before), dw(ex, std::vector<float>(20)),
      db(ex, std::vector<float>(4));
  linear_backward(ex, {x.view<2>({40, 5}), w.view<2>({4, 5}), dy.view<2>({40, 4}), dx.view<2>({40, 5}),
                       dw.view<2>({4, 5}), db.view(), Precision::fp32, true});
  std::vector<double> want;
  for (std::size_t i = 0; i < set.size(); ++i)
    want.push_back(static_cast<double>(before[i]) + static_cast<double>(set[i]));
  EXPECT_REL_L2(dx.values(), want, 1e-6);
}

TEST_P(Linear, TakesNoFrames) {
  Rng rng(33);
  const Result got = run(exec(), random_case(rng, 0, 5, 4));
  EXPECT_EQ(got.dw, std::vector<float>(20));
  EXPECT_EQ(got.db, std::vector<float>(4));
}

TEST_P(Linear, SameBitsForAnyThreadCount) {
  Rng rng(34);
  const Case c = random_case(rng, 1000, 256, 150);
  const Result one = run(exec(), c);
  for (Exec& other : others()) {
    const Result many = run(other, c);
    EXPECT_BITWISE(many.y, one.y);
    EXPECT_BITWISE(many.dx, one.dx);
    EXPECT_BITWISE(many.dw, one.dw);
    EXPECT_BITWISE(many.db, one.db);
  }
}

TEST_P(Linear, WrongShapesAreNamed) {
  Exec& ex = exec();
  Block<float> x(ex, Index{6}), w(ex, Index{8}), b(ex, Index{4}), y(ex, Index{12}), wide(ex, Index{12});
  EXPECT_FAULT(linear(exec(), {x.view<2>({3, 2}), wide.view<2>({4, 3}), b.view(), y.view<2>({3, 4})}), Fault::internal,
               "linear.w: shape is [4,3], expected [4,2]");
  EXPECT_FAULT(linear(exec(), {x.view<2>({3, 2}), w.view<2>({4, 2}), b.view(), y.view<2>({4, 3})}), Fault::internal,
               "linear.y: shape is [4,3], expected [3,4]");
}

CUTRACT_ON_EACH_DEVICE(Linear);

}  // namespace
}  // namespace cutract::test
