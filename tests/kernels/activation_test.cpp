#include "kernels/activation.h"

#include "tests/kernels/on_each_device.h"
#include "tests/oracle/activation.h"
#include "tests/support/support.h"

namespace cutract::test {
namespace {

constexpr Activation kAll[] = {Activation::none, Activation::relu, Activation::tanh, Activation::silu,
                               Activation::gelu};

struct Result {
  std::vector<float> y, dx;
};
Result run(Exec& ex, Activation f, const std::vector<float>& x, const std::vector<float>& dy, Index C) {
  const Index N = std::ssize(x) / C;
  Block<float> in(ex, x), out(ex, N * C), d(ex, dy), dx(ex, N * C);
  activation(ex, {f, in.view<2>({N, C}), out.view<2>({N, C})});
  activation_backward(ex, {f, in.view<2>({N, C}), d.view<2>({N, C}), dx.view<2>({N, C})});
  return {out.values(), dx.values()};
}

class ActivationOp : public OnEachDevice {};

TEST_P(ActivationOp, AgreesWithTheOracle) {
  Rng rng(41);
  for (const Activation f : kAll)
    for (const Index N : {1, 31, 33, 1000}) {
      SCOPED_TRACE(name_of(f));
      const std::vector<float> x = rng.normals(N * 7, 3), dy = rng.normals(N * 7);
      const Result got = run(exec(), f, x, dy, 7);
      std::vector<double> y, dx;
      for (std::size_t i = 0; i < x.size(); ++i) {
        const auto v = static_cast<double>(x[i]);
        y.push_back(oracle::activation(name_of(f), v));
        dx.push_back(static_cast<double>(dy[i]) * oracle::activation_slope(name_of(f), v));
      }
      EXPECT_REL_L2(got.y, y, 1e-6);
      EXPECT_REL_L2(got.dx, dx, 1e-6);
    }
}

// An oracle's slope is the limit of its differences, so a wrong formula would have to be wrong in both.
TEST(ActivationOracle, SlopesAreThoseOfTheValues) {
  for (const Activation f : kAll)
    for (const double x : {-8.0, -2.5, -0.3, 0.2, 1.0, 6.0}) {
      const double h = 1e-5;
      const double slope = (oracle::activation(name_of(f), x + h) - oracle::activation(name_of(f), x - h)) / (2 * h);
      EXPECT_NEAR(oracle::activation_slope(name_of(f), x), slope, 1e-9) << name_of(f) << " at " << x;
    }
}

TEST_P(ActivationOp, KeepsNaNAndHasNoSlopeAtZeroForRelu) {
  const float nan = std::nanf(""), inf = HUGE_VALF;
  for (const Activation f : kAll) {
    const Result got = run(exec(), f, {nan, 0, inf, -80}, {1, 1, 1, 1}, 4);
    EXPECT_TRUE(std::isnan(got.y[0])) << name_of(f);
    EXPECT_EQ(got.y[1], 0) << name_of(f);
    EXPECT_FALSE(std::isnan(got.y[2])) << name_of(f);
    EXPECT_FALSE(std::isnan(got.dx[3])) << name_of(f);
  }
  EXPECT_EQ(run(exec(), Activation::relu, {0, -1, 2}, {5, 5, 5}, 3).dx, (std::vector<float>{0, 0, 5}));
}

TEST_P(ActivationOp, WorksInPlaceAndOnNoFrames) {
  Rng rng(42);
  Exec& ex = exec();
  const std::vector<float> x = rng.normals(60);
  const Result apart = run(ex, Activation::gelu, x, x, 6);
  Block<float> same(ex, x), dy(ex, x), in(ex, x);
  activation(ex, {Activation::gelu, same.view<2>({10, 6}), same.view<2>({10, 6})});
  activation_backward(ex, {Activation::gelu, in.view<2>({10, 6}), dy.view<2>({10, 6}), dy.view<2>({10, 6})});
  EXPECT_BITWISE(same.values(), apart.y);
  EXPECT_BITWISE(dy.values(), apart.dx);
  EXPECT_TRUE(run(ex, Activation::relu, {}, {}, 6).y.empty());
}

TEST_P(ActivationOp, SameBitsForAnyThreadCount) {
  Rng rng(43);
  const std::vector<float> x = rng.normals(30'000), dy = rng.normals(30'000);
  const Result one = run(exec(), Activation::silu, x, dy, 30);
  for (Exec& other : others()) {
    const Result many = run(other, Activation::silu, x, dy, 30);
    EXPECT_BITWISE(many.y, one.y);
    EXPECT_BITWISE(many.dx, one.dx);
  }
}

TEST_P(ActivationOp, WrongShapesAreNamed) {
  Exec& ex = exec();
  Block<float> x(ex, Index{6}), y(ex, Index{6});
  EXPECT_FAULT(activation(ex, {Activation::relu, x.view<2>({3, 2}), y.view<2>({2, 3})}), Fault::internal,
               "activation.y: shape is [2,3], expected [3,2]");
}

CUTRACT_ON_EACH_DEVICE(ActivationOp);

}  // namespace
}  // namespace cutract::test
