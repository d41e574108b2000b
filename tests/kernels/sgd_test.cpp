#include "kernels/optim/sgd.h"

#include "kernels/optim/step_scalars.h"
#include "tests/kernels/on_each_device.h"
#include "tests/oracle/sgd.h"
#include "tests/support/support.h"

namespace cutract::test {
namespace {

struct Case {
  double lr = 0.1, momentum = 0.9, weight_decay = 0;
  bool nesterov = false;
  double grad_scale = 1;
};
struct State {
  std::vector<float> p, m;
};

SgdStep scalars_of(const Case& c) { return sgd_step({c.momentum, c.weight_decay, c.nesterov}, c.lr, c.grad_scale); }

// Runs one step in fenced blocks.
State step(Exec& ex, const SgdStep& scalars, const State& from, const std::vector<float>& gradient) {
  Block<float> p(ex, from.p), m(ex, from.m), g(ex, gradient);
  Block<SgdStep> s(ex, std::vector{scalars});
  sgd(ex, {p.view(), g.view(), m.view(), s.view()});
  EXPECT_BITWISE(g.values(), gradient);
  return {p.values(), m.values()};
}

class Sgd : public OnEachDevice {
 protected:
  // Compares the movement of the parameters with the oracle after `steps` steps of fresh gradients, by relative L2
  // error.
  void expect_like_oracle(const Case& c, Index n, int steps, double bound) {
    Rng rng(52);
    const std::vector<float> start(static_cast<std::size_t>(n));
    State s{c.weight_decay > 0 ? rng.normals(n) : start, start};
    const std::vector<float> p0 = s.p;
    oracle::Sgd want{c.lr, c.momentum, c.weight_decay, c.nesterov, to_double(s.p)};
    for (int t = 0; t < steps; ++t) {
      const std::vector<float> g = rng.normals(n, 0.01);
      std::vector<double> scaled = to_double(g);
      for (auto& v : scaled) v *= c.grad_scale;
      s = step(exec(), scalars_of(c), s, g);
      want.step(scaled);
    }
    std::vector<double> moved, want_moved;
    for (std::size_t i = 0; i < p0.size(); ++i) {
      moved.push_back(static_cast<double>(s.p[i]) - static_cast<double>(p0[i]));
      want_moved.push_back(want.theta[i] - static_cast<double>(p0[i]));
    }
    EXPECT_REL_L2(moved, want_moved, bound);
    if (c.momentum > 0) { EXPECT_REL_L2(s.m, want.b, 5e-7); }
  }
};

TEST_P(Sgd, AgreesWithTheOracleOverSteps) {
  for (const Index n : {1, 7, 1000, 40'000}) expect_like_oracle({}, n, 20, 1e-6);
}
TEST_P(Sgd, AgreesWithoutMomentum) { expect_like_oracle({.momentum = 0}, 500, 5, 1e-6); }
TEST_P(Sgd, AgreesWithNesterovsMomentum) { expect_like_oracle({.nesterov = true}, 500, 12, 1e-6); }
TEST_P(Sgd, ScalesTheGradientAsClippingAsks) { expect_like_oracle({.grad_scale = 0.03}, 500, 6, 1e-6); }
// A parameter of size 1 is rounded by 6e-8 in each step while it moves by about 1e-3; the bound follows from that.
TEST_P(Sgd, DecaysIntoTheGradient) { expect_like_oracle({.weight_decay = 0.02, .nesterov = true}, 1000, 10, 1e-5); }

TEST_P(Sgd, SkipsAStepThatIsNotFinite) {
  const State from{{1, 2, 3}, {4, 5, 6}};
  SgdStep s = scalars_of({});
  s.skip = true;
  const State got = step(exec(), s, from, {1, std::nanf(""), 1});
  EXPECT_EQ(got.p, from.p);
  EXPECT_EQ(got.m, from.m);
}

TEST_P(Sgd, HasTheSameBitsOnAnyNumberOfThreads) {
  Rng rng(53);
  const State from{rng.normals(50'000), rng.normals(50'000)};
  const std::vector<float> g = rng.normals(50'000);
  const State want = step(exec(), scalars_of({.nesterov = true}), from, g);
  for (Exec& ex : others()) {
    const State got = step(ex, scalars_of({.nesterov = true}), from, g);
    EXPECT_BITWISE(got.p, want.p);
    EXPECT_BITWISE(got.m, want.m);
  }
}

// The op that decides on a step moves the rate along the curve by the number of updates before.
TEST_P(Sgd, TakesTheRateOfTheCurve) {
  const RateCurve curve{.shape = RateShape::cosine, .start = 0.1, .end = 0.01, .rise = 4, .total = 20};
  for (const Index updates : {0, 3, 4, 11, 20}) {
    for (const bool finite : {true, false}) {
      Block<double> lr(exec(), std::vector{0.5}), sums(exec(), std::vector{finite ? 1.0 : std::nan(""), 4.0});
      Block<StepRecord> record(exec(), std::vector{StepRecord{.steps = updates}});
      Block<SgdStep> scalars(exec(), Index{1});
      RaggedBlock ragged(exec(), {3, 2});
      StepScalarsArgs a{{}, 1.0, lr.view(), sums.view(), ragged.view(), record.view(), {}, {}};
      a.rate = curve;
      a.sgd = {0.9, 0.02, true};
      a.sgd_scalars = scalars.view();
      step_scalars(exec(), a);
      const SgdStep got = scalars.values()[0];
      EXPECT_EQ(got.skip, !finite);
      EXPECT_EQ(record.values()[0].steps, updates + (finite ? 1 : 0));
      if (!finite) continue;
      EXPECT_FLOAT_EQ(got.rate, static_cast<float>(rate_at(curve, 0.5, updates)));
      EXPECT_FLOAT_EQ(got.grad_scale, static_cast<float>(1 / (2 + 1e-6)));  // the norm of the gradient is 2
      EXPECT_FLOAT_EQ(got.momentum, 0.9f);
      EXPECT_TRUE(got.nesterov);
    }
  }
}

CUTRACT_ON_EACH_DEVICE(Sgd);

}  // namespace
}  // namespace cutract::test
