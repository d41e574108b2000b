// Compares the gradients of the oracles with differences of their own forward passes along random directions.
#include <functional>

#include "tests/oracle/linear.h"
#include "tests/oracle/loss.h"
#include "tests/oracle/lstm.h"
#include "tests/support/support.h"

namespace cutract::test {
namespace {

using oracle::Doubles;

Doubles random_doubles(Rng& rng, std::size_t n, double scale = 1) {
  Doubles v(n);
  for (auto& e : v) e = scale * rng.normal();
  return v;
}

double dot(const Doubles& a, const Doubles& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

// `value` reads its argument from `at`, which is moved along 20 random directions and then restored.
void expect_gradient(const char* what, Doubles& at, const Doubles& gradient, const std::function<double()>& value,
                     Rng& rng) {
  ASSERT_EQ(at.size(), gradient.size());
  const Doubles home = at;
  const double norm = std::sqrt(dot(home, home)), h = 1e-5 * norm;
  ASSERT_GT(norm, 0);
  for (int k = 0; k < 20; ++k) {
    Doubles along = random_doubles(rng, at.size());
    const double length = std::sqrt(dot(along, along));
    for (auto& v : along) v /= length;
    const auto moved = [&](double by) {
      for (std::size_t i = 0; i < at.size(); ++i) at[i] = home[i] + by * along[i];
      return value();
    };
    const double difference = (moved(h) - moved(-h)) / (2 * h), slope = dot(gradient, along);
    EXPECT_LE(std::abs(difference - slope), 1e-6 * std::abs(slope)) << what << ", direction " << k << ": " << slope;
  }
  at = home;
}

// The sum over utterances of <dh, h>, and its gradients.
void check_lstm(std::uint64_t seed, std::size_t F, std::size_t H, std::size_t D,
                const std::vector<std::size_t>& lengths) {
  Rng rng(seed);
  oracle::LstmLayer layer{F, H, {}};
  for (std::size_t d = 0; d < D; ++d)
    layer.dir.push_back({random_doubles(rng, 4 * H * F, 0.5), random_doubles(rng, 4 * H * H, 0.5),
                         random_doubles(rng, 4 * H, 0.5), random_doubles(rng, 4 * H, 0.5)});
  std::vector<Doubles> x, dh;
  for (const std::size_t T : lengths) {
    x.push_back(random_doubles(rng, T * F));
    dh.push_back(random_doubles(rng, T * D * H));
  }
  const auto value = [&] {
    double sum = 0;
    for (std::size_t b = 0; b < x.size(); ++b) sum += dot(dh[b], oracle::lstm_output(layer, x[b]));
    return sum;
  };
  oracle::LstmGradient total = oracle::zero_gradient(layer, 0);
  for (std::size_t b = 0; b < x.size(); ++b) {
    total.dx.assign(x[b].size(), 0.0);
    for (std::size_t d = 0; d < D; ++d) oracle::lstm_direction_backward(layer, d, x[b], dh[b], total);
    expect_gradient("x", x[b], total.dx, value, rng);
  }
  for (std::size_t d = 0; d < D; ++d) {
    expect_gradient("w_ih", layer.dir[d].w_ih, total.dir[d].w_ih, value, rng);
    expect_gradient("w_hh", layer.dir[d].w_hh, total.dir[d].w_hh, value, rng);
    expect_gradient("b_ih", layer.dir[d].b_ih, total.dir[d].b_ih, value, rng);
    expect_gradient("b_hh", layer.dir[d].b_hh, total.dir[d].b_hh, value, rng);
  }
}

TEST(Oracle, LstmGradientIsTheSlope) { check_lstm(21, 3, 4, 1, {6}); }
TEST(Oracle, LstmGradientIsTheSlopeInBothDirectionsOfARaggedBatch) { check_lstm(22, 3, 4, 2, {7, 4, 2, 1}); }
TEST(Oracle, LstmGradientIsTheSlopeOfOneUnit) { check_lstm(23, 1, 1, 2, {5}); }

// With T = 1 the recurrent weights are not used, so their gradient is zero and there is no slope to compare.
TEST(Oracle, LstmGradientOfOneFrame) {
  Rng rng(24);
  oracle::LstmLayer layer{
      2, 3, {{random_doubles(rng, 24), random_doubles(rng, 36), random_doubles(rng, 12), random_doubles(rng, 12)}}};
  Doubles x = random_doubles(rng, 2);
  const Doubles dh = random_doubles(rng, 3);
  const auto value = [&] { return dot(dh, oracle::lstm_output(layer, x)); };
  const oracle::LstmGradient g = oracle::lstm_gradient(layer, x, dh);
  expect_gradient("x", x, g.dx, value, rng);
  expect_gradient("w_ih", layer.dir[0].w_ih, g.dir[0].w_ih, value, rng);
  expect_gradient("b_ih", layer.dir[0].b_ih, g.dir[0].b_ih, value, rng);
  expect_gradient("b_hh", layer.dir[0].b_hh, g.dir[0].b_hh, value, rng);
  EXPECT_EQ(g.dir[0].w_hh, Doubles(36));
}

// Two steps of one unit, computed by hand to a calculator's precision. This tests the equations themselves, not only
// their slopes.
TEST(Oracle, LstmFollowsTheEquations) {
  const oracle::LstmLayer layer{
      1, 1, {{{0.5, -0.25, 1.0, 0.75}, {0.1, 0.2, -0.3, 0.4}, {0.0, 1.0, 0.0, 0.0}, {0.5, 0.0, 0.0, -0.5}}}};
  const auto s = [](double z) { return 1 / (1 + std::exp(-z)); };
  const double c1 = s(1.5) * std::tanh(2.0), h1 = s(1.0) * std::tanh(c1);
  const double c2 = s(1 + 0.25 + 0.2 * h1) * c1 + s(-0.5 + 0.5 + 0.1 * h1) * std::tanh(-1.0 - 0.3 * h1);
  const double h2 = s(-0.75 - 0.5 + 0.4 * h1) * std::tanh(c2);
  EXPECT_LE(rel_l2(oracle::lstm_output(layer, {2.0, -1.0}), Doubles{h1, h2}), 1e-15);
}

TEST(Oracle, LinearGradientIsTheSlope) {
  Rng rng(25);
  oracle::Linear l{3, 2, random_doubles(rng, 6), random_doubles(rng, 2)};
  Doubles x = random_doubles(rng, 12);
  const Doubles dy = random_doubles(rng, 8);
  const auto value = [&] { return dot(dy, oracle::linear(l, x)); };
  const oracle::LinearGradient g = oracle::linear_gradient(l, x, dy);
  expect_gradient("x", x, g.dx, value, rng);
  expect_gradient("w", l.w, g.dw, value, rng);
  expect_gradient("b", l.b, g.db, value, rng);
}

TEST(Oracle, LossGradientsAreTheSlopes) {
  Rng rng(26);
  Doubles y = random_doubles(rng, 30);
  const Doubles target = random_doubles(rng, 30);
  expect_gradient(
      "mse", y, oracle::mse(y, target).dy, [&] { return oracle::mse(y, target).value; }, rng);
  expect_gradient(
      "mae", y, oracle::mae(y, target).dy, [&] { return oracle::mae(y, target).value; }, rng);
  expect_gradient(
      "huber", y, oracle::huber(y, target, 0.7).dy, [&] { return oracle::huber(y, target, 0.7).value; }, rng);
  const std::vector<int> lengths{8, 5, 2};
  using Within = oracle::Loss (*)(const Doubles&, const Doubles&, const std::vector<int>&, std::size_t);
  for (const Within loss : {Within{oracle::pearson}, Within{oracle::ccc}, Within{oracle::velocity}})
    expect_gradient(
        "within utterances", y, loss(y, target, lengths, 2).dy, [&] { return loss(y, target, lengths, 2).value; }, rng);
}

}  // namespace
}  // namespace cutract::test
