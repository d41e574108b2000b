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
  dw0.resize(c.w.size()), db0.resize(c.b.size());
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

class Linear : public OnEachDevice {};

TEST_P(Linear, AgreesWithTheOracle) {
  Rng rng(31);
  for (const Index N : {1, 2, 17, 127, 128, 129, 700})
    for (const Index I : {1, 7, 64, 257})
      for (const Index O : {1, 12, 33, 300}) {
        SCOPED_TRACE(std::to_string(N) + " x " + std::to_string(I) + " -> " + std::to_string(O));
        const Case c = random_case(rng, N, I, O);
        const Result got = run(exec(), c);
        const oracle::LinearGradient want = oracle::linear_gradient(oracle_of(c), to_double(c.x), to_double(c.dy));
        EXPECT_REL_L2(got.y, oracle::linear(oracle_of(c), to_double(c.x)), kForward);
        EXPECT_REL_L2(got.dx, want.dx, kBackward);
        EXPECT_REL_L2(got.dw, want.dw, kBackward);
        EXPECT_REL_L2(got.db, want.db, kBackward);
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
