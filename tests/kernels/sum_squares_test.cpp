#include "kernels/optim/sum_squares.h"

#include "tests/kernels/on_each_device.h"
#include "tests/support/support.h"

namespace cutract::test {
namespace {

double run(Exec& ex, const std::vector<float>& values) {
  Block<float> x(ex, values);
  Block<double> out(ex, Index{1});
  sum_squares(ex, {x.view(), out.view()});
  return out.values().front();
}

class SumSquares : public OnEachDevice {};

TEST_P(SumSquares, AgreesWithTheDefinition) {
  Rng rng(61);
  for (const Index n : {1, 2, 255, 16'383, 16'384, 16'385, 100'000, 4'300'000}) {
    const std::vector<float> x = rng.normals(n);
    long double want = 0;
    for (const float v : x) want += static_cast<long double>(v) * static_cast<long double>(v);
    EXPECT_NEAR(run(exec(), x) / static_cast<double>(want), 1, 1e-12) << n;
  }
}

TEST_P(SumSquares, NeitherOverflowsNorLosesSmallValues) {
  EXPECT_NEAR(run(exec(), {3e30f, 4e30f}) / 25e60, 1, 1e-6);
  EXPECT_GT(run(exec(), {1e-30f}), 0);
}

TEST_P(SumSquares, OfNothingIsZero) { EXPECT_EQ(run(exec(), {}), 0); }

TEST_P(SumSquares, ABadValueShows) {
  std::vector<float> x(20'000, 1.0f);
  x[17'000] = std::nanf("");
  EXPECT_TRUE(std::isnan(run(exec(), x)));
}

TEST_P(SumSquares, SameBitsForAnyThreadCount) {
  Rng rng(62);
  const std::vector<float> x = rng.normals(200'000);
  const double one = run(exec(), x);
  for (Exec& other : others()) EXPECT_EQ(run(other, x), one);
}

CUTRACT_ON_EACH_DEVICE(SumSquares);

}  // namespace
}  // namespace cutract::test
