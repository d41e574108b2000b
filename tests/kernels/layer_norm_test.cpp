#include "kernels/layer_norm.h"

#include "tests/kernels/on_each_device.h"
#include "tests/oracle/layer_norm.h"
#include "tests/support/support.h"

namespace cutract::test {
namespace {

struct Case {
  Index N, C;
  std::vector<float> x, w, b, dy, dx, dw, db;  // dx, dw, db: the values to which backward adds

  Case(Index rows, Index cols, std::uint64_t seed) : N(rows), C(cols) {
    Rng rng(seed);
    x = rng.normals(N * C, 3);
    for (float& v : x) v += 5;  // a mean that must cancel
    w = rng.normals(C);
    b = rng.normals(C);
    dy = rng.normals(N * C);
    dx = rng.normals(N * C);
    dw = rng.normals(C);
    db = rng.normals(C);
  }
  oracle::LayerNorm judge() const { return {static_cast<std::size_t>(C), to_double(x), to_double(w), to_double(b)}; }
};

struct Result {
  std::vector<float> y, dx, dw, db;
};
Result run(Exec& ex, const Case& c, bool add) {
  Block<float> x(ex, c.x), w(ex, c.w), b(ex, c.b), y(ex, c.N * c.C), stats(ex, 2 * c.N), dy(ex, c.dy), dw(ex, c.dw),
      db(ex, c.db), sum(ex, c.dx), set(ex, c.N * c.C);
  Block<float>& dx = add ? sum : set;
  const std::array<Index, 2> shape{c.N, c.C};
  layer_norm(ex, {x.view<2>(shape), w.view(), b.view(), y.view<2>(shape), stats.view<2>({c.N, 2})});
  layer_norm_backward(ex, {x.view<2>(shape), w.view(), stats.view<2>({c.N, 2}), dy.view<2>(shape), dx.view<2>(shape),
                           dw.view(), db.view(), add});
  return {y.values(), dx.values(), dw.values(), db.values()};
}

std::vector<double> plus(std::vector<double> a, const std::vector<float>& b) {
  for (std::size_t i = 0; i < a.size(); ++i) a[i] += static_cast<double>(b[i]);
  return a;
}

class LayerNormOp : public OnEachDevice {};

TEST_P(LayerNormOp, AgreesWithTheOracle) {
  for (const Index N : {1, 63, 65, 400})
    for (const Index C : {5, 7, 31, 33, 128}) {  // of fewer columns, so much cancels that rounding is what remains
      SCOPED_TRACE(testing::Message() << N << " x " << C);
      const Case c(N, C, 51);
      const Result got = run(exec(), c, N % 2 == 0);
      const oracle::LayerNorm judge = c.judge();
      const oracle::LayerNorm::Gradients want = judge.backward(to_double(c.dy));
      EXPECT_REL_L2(got.y, judge.forward(), 2e-6);
      EXPECT_REL_L2(got.dx, N % 2 == 0 ? plus(want.dx, c.dx) : want.dx, 1e-5);
      EXPECT_REL_L2(got.dw, plus(want.dw, c.dw), 1e-5);
      EXPECT_REL_L2(got.db, plus(want.db, c.db), 1e-5);
    }
}

// The oracle's derivatives are the limits of its differences.
TEST(LayerNormOracle, SlopesAreThoseOfTheValues) {
  const Case c(2, 5, 52);
  oracle::LayerNorm judge = c.judge();
  const std::vector<double> dy = to_double(c.dy);
  const oracle::LayerNorm::Gradients g = judge.backward(dy);
  const auto goal = [&] {
    double sum = 0;
    const std::vector<double> y = judge.forward();
    for (std::size_t i = 0; i < y.size(); ++i) sum += y[i] * dy[i];
    return sum;
  };
  for (const auto& [values, slopes] :
       {std::pair(&judge.x, &g.dx), std::pair(&judge.w, &g.dw), std::pair(&judge.b, &g.db)})
    for (std::size_t i = 0; i < values->size(); ++i) {
      const double at = (*values)[i], h = 1e-5;
      (*values)[i] = at + h;
      const double above = goal();
      (*values)[i] = at - h;
      EXPECT_NEAR((*slopes)[i], (above - goal()) / (2 * h), 1e-8) << i;
      (*values)[i] = at;
    }
}

TEST_P(LayerNormOp, WorksInPlaceAndOnNoFrames) {
  const Case c(70, 9, 53);
  Exec& ex = exec();
  const Result apart = run(ex, c, false);
  Block<float> x(ex, c.x), both(ex, c.x), w(ex, c.w), b(ex, c.b), stats(ex, 2 * c.N), d(ex, c.dy), dw(ex, c.dw),
      db(ex, c.db);
  layer_norm(ex, {both.view<2>({70, 9}), w.view(), b.view(), both.view<2>({70, 9}), stats.view<2>({70, 2})});
  layer_norm_backward(ex, {x.view<2>({70, 9}), w.view(), stats.view<2>({70, 2}), d.view<2>({70, 9}), d.view<2>({70, 9}),
                           dw.view(), db.view()});
  EXPECT_BITWISE(both.values(), apart.y);
  EXPECT_BITWISE(d.values(), apart.dx);
  EXPECT_BITWISE(dw.values(), apart.dw);
  const Case none(0, 9, 54);
  EXPECT_BITWISE(run(ex, none, false).dw, none.dw);
}

// A row whose values are all equal has variance 0.
TEST_P(LayerNormOp, AConstantRowGivesTheBias) {
  Case c(3, 8, 55);
  std::fill(c.x.begin(), c.x.end(), 2.5f);
  const Result got = run(exec(), c, false);
  for (Index n = 0; n < 3; ++n)
    EXPECT_BITWISE(std::vector<float>(got.y.begin() + n * 8, got.y.begin() + (n + 1) * 8), c.b);
}

TEST_P(LayerNormOp, SameBitsForAnyThreadCount) {
  const Case c(1000, 30, 56);
  const Result one = run(exec(), c, true);
  for (Exec& other : others()) {
    const Result many = run(other, c, true);
    EXPECT_BITWISE(many.y, one.y);
    EXPECT_BITWISE(many.dx, one.dx);
    EXPECT_BITWISE(many.dw, one.dw);
    EXPECT_BITWISE(many.db, one.db);
  }
}

TEST_P(LayerNormOp, WrongShapesAreNamed) {
  Exec& ex = exec();
  Block<float> x(ex, Index{6}), y(ex, Index{6}), w(ex, Index{2}), stats(ex, Index{6});
  EXPECT_FAULT(layer_norm(ex, {x.view<2>({3, 2}), w.view(), w.view(), y.view<2>({2, 3}), stats.view<2>({3, 2})}),
               Fault::internal, "layer_norm.y: shape is [2,3], expected [3,2]");
}

CUTRACT_ON_EACH_DEVICE(LayerNormOp);

}  // namespace
}  // namespace cutract::test
