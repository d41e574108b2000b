#include "kernels/glu.h"

#include "tests/kernels/on_each_device.h"
#include "tests/oracle/glu.h"
#include "tests/support/support.h"

namespace cutract::test {
namespace {

struct Result {
  std::vector<float> y, dx;
};
Result run(Exec& ex, const std::vector<float>& x, const std::vector<float>& dy, Index C) {
  const Index N = std::ssize(dy) / C;
  Block<float> in(ex, x), out(ex, N * C), d(ex, dy), dx(ex, N * 2 * C);
  glu(ex, {in.view<2>({N, 2 * C}), out.view<2>({N, C})});
  glu_backward(ex, {in.view<2>({N, 2 * C}), d.view<2>({N, C}), dx.view<2>({N, 2 * C})});
  return {out.values(), dx.values()};
}

std::vector<float> part(const std::vector<float>& v, Index first, Index n) {
  return {v.begin() + first, v.begin() + first + n};
}

class GluOp : public OnEachDevice {};

TEST_P(GluOp, AgreesWithTheOracle) {
  Rng rng(51);
  for (const Index N : {1, 3, 33, 300})
    for (const Index C : {1, 7, 31, 64, 65}) {
      SCOPED_TRACE(std::to_string(N) + " x " + std::to_string(C));
      const std::vector<float> x = rng.normals(N * 2 * C, 3), dy = rng.normals(N * C);
      const Result got = run(exec(), x, dy, C);
      const auto columns = static_cast<std::size_t>(C);
      EXPECT_REL_L2(got.y, oracle::glu(to_double(x), columns), 1e-6);
      EXPECT_REL_L2(got.dx, oracle::glu_gradient(to_double(x), to_double(dy), columns), 2e-6);
    }
}

// The oracle's gradient is the limit of the differences of its own values.
TEST(GluOracle, GradientIsTheSlope) {
  Rng rng(52);
  constexpr std::size_t C = 3;
  std::vector<double> x = to_double(rng.normals(2 * 2 * C, 2));
  const std::vector<double> dy = to_double(rng.normals(2 * C)), dx = oracle::glu_gradient(x, dy, C);
  const auto value = [&] {
    const std::vector<double> y = oracle::glu(x, C);
    double sum = 0;
    for (std::size_t i = 0; i < y.size(); ++i) sum += dy[i] * y[i];
    return sum;
  };
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double home = x[i], h = 1e-5;
    x[i] = home + h;
    const double up = value();
    x[i] = home - h;
    const double down = value();
    x[i] = home;
    EXPECT_NEAR((up - down) / (2 * h), dx[i], 1e-9) << i;
  }
}

TEST_P(GluOp, AgreesWithTorch) {
  const TensorFile f = golden("glu.safetensors");
  const auto numbers = [&](const char* name) {
    const std::vector<double> v = f.at(name, "golden").as_f64();
    return std::vector<float>(v.begin(), v.end());
  };
  const Index C = f.at("y", "golden").shape[1];
  const Result got = run(exec(), numbers("x"), numbers("dy"), C);
  EXPECT_REL_L2(got.y, f.at("y", "golden").as_f64(), 1e-6);
  EXPECT_REL_L2(got.dx, f.at("dx", "golden").as_f64(), 2e-6);
}

// Rows of no utterance may hold anything: no other row depends on them, and their gradient is 0 where dy is 0.
TEST_P(GluOp, RowsAreIndependent) {
  Rng rng(53);
  constexpr Index C = 37, N = 70;
  const std::vector<float> x = rng.normals(N * 2 * C), dy = rng.normals(N * C);
  const Result all = run(exec(), x, dy, C);
  for (const Index n : {0, 1, 33, 69}) {
    const Result one = run(exec(), part(x, n * 2 * C, 2 * C), part(dy, n * C, C), C);
    EXPECT_BITWISE(one.y, part(all.y, n * C, C));
    EXPECT_BITWISE(one.dx, part(all.dx, n * 2 * C, 2 * C));
  }
  const Result behind = run(exec(), {1e30f, -3, -1e30f, 500}, {0, 0}, 2);
  EXPECT_EQ(behind.dx, std::vector<float>(4));
}

TEST_P(GluOp, KeepsNaNAndTakesLargeGates) {
  const float nan = std::nanf("");
  const Result got = run(exec(), {nan, 2, 2, 2, 0, nan, 200, -200}, {1, 1, 1, 1}, 4);
  EXPECT_TRUE(std::isnan(got.y[0]));
  EXPECT_TRUE(std::isnan(got.y[1]));
  EXPECT_TRUE(std::isnan(got.dx[5]));
  EXPECT_EQ(got.y[2], 2);
  EXPECT_NEAR(got.y[3], 0, 1e-30);
  EXPECT_EQ(got.dx[6], 0);
  EXPECT_NEAR(got.dx[7], 0, 1e-30);
}

TEST_P(GluOp, GradientInPlaceAndNoFrames) {
  Rng rng(54);
  const std::vector<float> x = rng.normals(10 * 2 * 21), d = rng.normals(10 * 21);
  Block<float> same(exec(), x), dy(exec(), d);
  glu_backward(exec(), {same.view<2>({10, 42}), dy.view<2>({10, 21}), same.view<2>({10, 42})});
  EXPECT_BITWISE(same.values(), run(exec(), x, d, 21).dx);
  EXPECT_TRUE(run(exec(), {}, {}, 6).y.empty());
}

TEST_P(GluOp, SameBitsForAnyThreadCount) {
  Rng rng(55);
  const std::vector<float> x = rng.normals(500 * 2 * 30), dy = rng.normals(500 * 30);
  const Result one = run(exec(), x, dy, 30);
  for (Exec& other : others()) {
    const Result many = run(other, x, dy, 30);
    EXPECT_BITWISE(many.y, one.y);
    EXPECT_BITWISE(many.dx, one.dx);
  }
}

TEST_P(GluOp, WrongShapesAreNamed) {
  Block<float> x(exec(), Index{12}), y(exec(), Index{6}), dx(exec(), Index{12});
  EXPECT_FAULT(glu(exec(), {x.view<2>({3, 4}), y.view<2>({2, 3})}), Fault::internal,
               "glu.x: shape is [3,4], expected [2,6]");
  EXPECT_FAULT(glu_backward(exec(), {x.view<2>({3, 4}), y.view<2>({2, 3}), dx.view<2>({3, 4})}), Fault::internal,
               "glu_backward.x: shape is [3,4], expected [2,6]");
  EXPECT_FAULT(glu_backward(exec(), {x.view<2>({3, 4}), y.view<2>({3, 2}), dx.view<2>({2, 6})}), Fault::internal,
               "glu_backward.dx: shape is [2,6], expected [3,4]");
}

CUTRACT_ON_EACH_DEVICE(GluOp);

}  // namespace
}  // namespace cutract::test
