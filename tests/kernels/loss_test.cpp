#include "kernels/loss.h"

#include "tests/kernels/on_each_device.h"
#include "tests/oracle/loss.h"
#include "tests/support/support.h"

namespace cutract::test {
namespace {

struct Result {
  double value;
  std::vector<float> dy;
};
std::vector<std::int32_t> one_utterance(Index frames) {
  if (frames == 0) return {};
  return {static_cast<std::int32_t>(frames)};
}
Result run(Exec& ex, LossKind kind, const std::vector<float>& y, const std::vector<float>& target, Index P) {
  const Index N = static_cast<Index>(y.size()) / P;
  Block<float> a(ex, y), b(ex, target), dy(ex, N * P);
  Block<double> value(ex, Index{1});
  RaggedBlock ragged(ex, one_utterance(N));
  loss(ex, {kind, a.view<2>({N, P}), b.view<2>({N, P}), ragged.view(), dy.view<2>({N, P}), value.view()});
  return {value.values().front(), dy.values()};
}

class Loss : public OnEachDevice {};

TEST_P(Loss, AgreesWithTheOracle) {
  Rng rng(41);
  for (const Index N : {1, 2, 33, 1023, 5000})
    for (const Index P : {1, 3, 14}) {
      SCOPED_TRACE(std::to_string(N) + " x " + std::to_string(P));
      const std::vector<float> y = rng.normals(N * P), target = rng.normals(N * P);
      for (const LossKind kind : {LossKind::mse, LossKind::mae}) {
        const Result got = run(exec(), kind, y, target, P);
        const oracle::Loss want = (kind == LossKind::mse ? oracle::mse : oracle::mae)(to_double(y), to_double(target));
        EXPECT_NEAR(got.value / want.value, 1, 1e-12);
        EXPECT_REL_L2(got.dy, want.dy, 1e-7);
      }
    }
}

TEST_P(Loss, OfAPerfectAnswerIsZeroWithNoGradient) {
  const std::vector<float> y{1, -2, 0, 3e30f};
  for (const LossKind kind : {LossKind::mse, LossKind::mae}) {
    const Result got = run(exec(), kind, y, y, 2);
    EXPECT_EQ(got.value, 0);
    EXPECT_EQ(got.dy, std::vector<float>(4));
  }
}

TEST_P(Loss, IsAMeanOverElements) {
  EXPECT_EQ(run(exec(), LossKind::mse, {3, 0, 0, 1}, {1, 0, 0, 0}, 2).value, 1.25);
  EXPECT_EQ(run(exec(), LossKind::mae, {3, 0, 0, 1}, {1, 0, 0, 0}, 2).value, 0.75);
  EXPECT_EQ(run(exec(), LossKind::mse, {3, 0, 0, 1}, {1, 0, 0, 0}, 2).dy, (std::vector<float>{1, 0, 0, 0.5}));
  EXPECT_EQ(run(exec(), LossKind::mae, {3, 0, 0, -1}, {1, 0, 0, 0}, 2).dy, (std::vector<float>{0.25, 0, 0, -0.25}));
}

TEST_P(Loss, WithoutAGradientTheValueIsTheSame) {
  Block<float> y(exec(), std::vector<float>{1, 2}), target(exec(), std::vector<float>{0, 0});
  Block<double> value(exec(), Index{1});
  RaggedBlock ragged(exec(), one_utterance(2));
  loss(exec(), {LossKind::mse, y.view<2>({2, 1}), target.view<2>({2, 1}), ragged.view(), {}, value.view()});
  EXPECT_EQ(value.values().front(), 2.5);
}

TEST_P(Loss, ABadValueShows) {
  for (const LossKind kind : {LossKind::mse, LossKind::mae})
    EXPECT_TRUE(std::isnan(run(exec(), kind, {1, std::nanf("")}, {0, 0}, 1).value));
}

TEST_P(Loss, OfNothingIsZero) { EXPECT_EQ(run(exec(), LossKind::mse, {}, {}, 1).value, 0); }

CUTRACT_ON_EACH_DEVICE(Loss);

}  // namespace
}  // namespace cutract::test
