#include "kernels/optim/adam.h"

#include "tests/kernels/on_each_device.h"
#include "tests/oracle/adam.h"
#include "tests/support/support.h"

namespace cutract::test {
namespace {

struct Case {
  double lr = 1e-3, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0;
  bool decoupled = false;
  double grad_scale = 1;
};
struct State {
  std::vector<float> p, m, v;
};

// Runs one step in fenced blocks.
State step(Exec& ex, const Case& c, const State& from, const std::vector<float>& gradient, Index number) {
  Block<float> p(ex, from.p), m(ex, from.m), v(ex, from.v), g(ex, gradient);
  Block<AdamStep> scalars(
      ex, std::vector{adam_step({c.beta1, c.beta2, c.eps, c.weight_decay, c.decoupled}, c.lr, c.grad_scale, number)});
  adam(ex, {p.view(), g.view(), m.view(), v.view(), scalars.view()});
  EXPECT_BITWISE(g.values(), gradient);
  return {p.values(), m.values(), v.values()};
}

class Adam : public OnEachDevice {
 protected:
  // Compares the movement of the parameters and both moments with the oracle after `steps` steps of fresh gradients, by
  // relative L2 error. The parameters themselves are not compared, because their size would hide a wrong step.
  void expect_like_oracle(const Case& c, Index n, int steps, double bound) {
    Rng rng(51);
    const auto size = static_cast<std::size_t>(n);
    const std::vector<float> start(size, 0.0f), weights = rng.normals(n);
    State s{c.weight_decay > 0 ? weights : start, start, start};
    const std::vector<float> p0 = s.p;
    oracle::Adam want{c.lr, c.beta1, c.beta2, c.eps, c.weight_decay, c.decoupled, to_double(s.p)};
    for (int t = 1; t <= steps; ++t) {
      const std::vector<float> g = rng.normals(n, 0.01);
      std::vector<double> scaled = to_double(g);
      for (auto& v : scaled) v *= c.grad_scale;
      s = step(exec(), c, s, g, t);
      want.step(scaled);
    }
    std::vector<double> moved(size), want_moved(size);
    for (std::size_t i = 0; i < size; ++i) {
      moved[i] = static_cast<double>(s.p[i]) - static_cast<double>(p0[i]);
      want_moved[i] = want.theta[i] - static_cast<double>(p0[i]);
    }
    EXPECT_REL_L2(moved, want_moved, bound);
    EXPECT_REL_L2(s.m, want.m, 5e-7);
    EXPECT_REL_L2(s.v, want.v, 5e-7);
  }
};

TEST_P(Adam, FirstStepAgreesWithTheOracle) { expect_like_oracle({}, 1000, 1, 5e-7); }
TEST_P(Adam, AgreesWithTheOracleOverSteps) {
  for (const Index n : {1, 7, 1000, 40'000}) expect_like_oracle({}, n, 20, 1e-6);
}
TEST_P(Adam, AgreesWithOtherSettings) {
  expect_like_oracle({.lr = 0.05, .beta1 = 0.5, .beta2 = 0.9, .eps = 1e-3}, 500, 12, 1e-6);
  expect_like_oracle({.beta1 = 0}, 500, 5, 1e-6);
}
TEST_P(Adam, ScalesTheGradientAsClippingAsks) { expect_like_oracle({.eps = 1e-4, .grad_scale = 0.03}, 500, 6, 1e-6); }
// A parameter of size 1 is rounded by 6e-8 in each step while it moves by lr; the bounds follow from that.
TEST_P(Adam, DecaysIntoTheGradient) { expect_like_oracle({.lr = 0.01, .weight_decay = 0.02}, 1000, 10, 1e-5); }
TEST_P(Adam, DecoupledDecayShrinks) {
  expect_like_oracle({.lr = 0.01, .weight_decay = 0.3, .decoupled = true}, 1000, 10, 1e-5);
}

TEST_P(Adam, DecayMatters) {
  const State from{{1.0f, -2.0f}, {0, 0}, {0, 0}};
  const std::vector<float> g{0.0f, 0.0f};
  EXPECT_EQ(step(exec(), {.lr = 0.1}, from, g, 1).p, from.p);
  const State w = step(exec(), {.lr = 0.1, .weight_decay = 0.5, .decoupled = true}, from, g, 1);
  EXPECT_FLOAT_EQ(w.p[0], 0.95f);
  EXPECT_FLOAT_EQ(w.p[1], -1.9f);
  const State l2 = step(exec(), {.lr = 0.1, .weight_decay = 0.5}, from, g, 1);
  EXPECT_FLOAT_EQ(l2.p[0], 0.9f);  // the first step is lr * sign of the gradient
  EXPECT_FLOAT_EQ(l2.p[1], -1.9f);
}

// Without bias correction of the moments the first step would be 0.1 / sqrt(0.001) = 3.2 times lr.
TEST_P(Adam, FirstStepIsTheLearningRate) {
  const State s = step(exec(), {.lr = 0.25}, {{1, 1}, {0, 0}, {0, 0}}, {3.0f, -1e-3f}, 1);
  EXPECT_NEAR(s.p[0], 0.75, 1e-6);
  EXPECT_NEAR(s.p[1], 1.25, 1e-5);
}

TEST_P(Adam, SameBitsForAnyThreadCount) {
  Rng rng(52);
  const Index n = 100'000;
  const State from{rng.normals(n), rng.normals(n, 0.1), std::vector<float>(static_cast<std::size_t>(n), 0.02f)};
  const std::vector<float> g = rng.normals(n);
  const State one = step(exec(), {}, from, g, 7);
  for (Exec& other : others()) {
    const State many = step(other, {}, from, g, 7);
    EXPECT_BITWISE(many.p, one.p);
    EXPECT_BITWISE(many.m, one.m);
    EXPECT_BITWISE(many.v, one.v);
  }
}

TEST_P(Adam, WrongShapesAreNamed) {
  Block<float> p(exec(), Index{3}), g(exec(), Index{2}), m(exec(), Index{3}), v(exec(), Index{3});
  AdamArgs a;
  a.p = p.view();
  a.g = g.view();
  a.m = m.view();
  a.v = v.view();
  EXPECT_FAULT(adam(exec(), a), Fault::internal, "adam.g: shape is [2], expected [3]");
}

CUTRACT_ON_EACH_DEVICE(Adam);

}  // namespace
}  // namespace cutract::test
