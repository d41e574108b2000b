#include "kernels/scaled_add.h"

#include "tests/kernels/on_each_device.h"
#include "tests/support/support.h"

namespace cutract::test {
namespace {

std::vector<float> run(Exec& ex, const std::vector<float>& x, const std::vector<float>& z, float scale) {
  const Index N = std::ssize(z) / 5;
  Block<float> left(ex, x), right(ex, z), y(ex, N * 5);
  const View<const float, 2> first = x.empty() ? View<const float, 2>{} : left.view<2>({N, 5});
  scaled_add(ex, {first, right.view<2>({N, 5}), scale, y.view<2>({N, 5})});
  return y.values();
}

class ScaledAddOp : public OnEachDevice {};

TEST_P(ScaledAddOp, AgreesWithTheOracle) {
  Rng rng(1);
  for (const Index N : {1, 31, 33, 7000}) {
    const std::vector<float> x = rng.normals(N * 5), z = rng.normals(N * 5);
    std::vector<double> sum, product;
    for (std::size_t i = 0; i < x.size(); ++i) {
      product.push_back(static_cast<double>(z[i]) * 0.3);
      sum.push_back(static_cast<double>(x[i]) + product.back());
    }
    EXPECT_REL_L2(run(exec(), x, z, 0.3f), sum, 1e-6);
    EXPECT_REL_L2(run(exec(), {}, z, 0.3f), product, 1e-6);
  }
}

TEST_P(ScaledAddOp, WorksInPlaceAndOnNoFrames) {
  Exec& ex = exec();
  Block<float> x(ex, std::vector<float>{1, 2}), z(ex, std::vector<float>{10, 20});
  scaled_add(ex, {x.view<2>({1, 2}), z.view<2>({1, 2}), 0.5f, x.view<2>({1, 2})});
  EXPECT_EQ(x.values(), (std::vector<float>{6, 12}));
  scaled_add(ex, {x.view<2>({1, 2}), z.view<2>({1, 2}), -1, z.view<2>({1, 2})});
  EXPECT_EQ(z.values(), (std::vector<float>{-4, -8}));
  EXPECT_TRUE(run(ex, {}, {}, 1).empty());
}

TEST_P(ScaledAddOp, WrongShapesAreNamed) {
  Exec& ex = exec();
  Block<float> x(ex, Index{6}), y(ex, Index{6});
  EXPECT_FAULT(scaled_add(ex, {x.view<2>({2, 3}), x.view<2>({3, 2}), 1, y.view<2>({3, 2})}), Fault::internal,
               "scaled_add.x: shape is [2,3], expected [3,2]");
}

CUTRACT_ON_EACH_DEVICE(ScaledAddOp);

}  // namespace
}  // namespace cutract::test
