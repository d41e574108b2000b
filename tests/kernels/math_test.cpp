#include "kernels/math.h"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "kernels/isa.h"
#include "tests/support/support.h"

namespace cutract::test {
namespace {

using Values = std::vector<float>;

// Compiles the function as the ops do, for the widest vectors of this machine, and for the baseline. With and without
// fused multiply-add the last bits differ.
#define BOTH_WAYS(name, function)                                                    \
  template <Isa>                                                                     \
  CUTRACT_INLINE void name##_wide_body(const float* x, float* y, std::size_t n) {    \
    for (std::size_t i = 0; i < n; ++i) y[i] = function(x[i]);                       \
  }                                                                                  \
  CUTRACT_PER_ISA(name##_wide, (const float* x, float* y, std::size_t n), (x, y, n)) \
  void name##_plain(const float* x, float* y, std::size_t n) { name##_wide_portable(x, y, n); }
BOTH_WAYS(sigmoid, sigmoid)
BOTH_WAYS(tanh, tanh_fast)
BOTH_WAYS(normal_below, [](float v) { return Normal(v).below; })
BOTH_WAYS(normal_density, [](float v) { return Normal(v).density; })
#undef BOTH_WAYS

// Evenly spaced values from -hi to hi, and every power of two between 2^-30 and hi with both signs and odd neighbours.
Values sweep(float hi) {
  Values x{0.0f};
  for (int i = -400'000; i <= 400'000; ++i) x.push_back(hi * static_cast<float>(i) / 400'000);
  for (float p = 0x1p-30f; p < hi; p *= 2)
    for (const float v : {p, p * 1.1f, p * 1.5f, p * 1.9999f})
      if (v < hi) {
        x.push_back(v);
        x.push_back(-v);
      }
  return x;
}

template <class Run, class Reference>
double worst_relative(Run run, float hi, Reference reference) {
  const Values x = sweep(hi);
  Values y(x.size(), std::nanf(""));
  run(x.data(), y.data(), x.size());
  double worst = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double want = reference(static_cast<double>(x[i]));
    const double error =
        want == 0 ? std::abs(static_cast<double>(y[i])) : std::abs(static_cast<double>(y[i]) / want - 1);
    if (!(error <= worst)) worst = error;
  }
  return worst;
}

template <class Wide, class Plain, class Reference>
void expect_accurate(Wide wide, Plain plain, float hi, Reference reference, double bound) {
  const double w = worst_relative(wide, hi, reference), p = worst_relative(plain, hi, reference);
  testing::Test::RecordProperty("wide", std::to_string(w * 1e7) + "e-7");
  testing::Test::RecordProperty("plain", std::to_string(p * 1e7) + "e-7");
  EXPECT_LE(w, bound);
  EXPECT_LE(p, bound);
}

// Measured: 1.5e-7 and 1.6e-7; half a unit in the last place is at most 0.6e-7.
TEST(Math, Sigmoid) {
  expect_accurate(
      sigmoid_wide, sigmoid_plain, 87, [](double x) { return 1 / (1 + std::exp(-x)); }, 2e-7);
}
TEST(Math, Tanh) {
  expect_accurate(
      tanh_wide, tanh_plain, 30, [](double x) { return std::tanh(x); }, 1.8e-7);
}

// Relative, in the tail too: there the rounding of x^2 / 2 is that of the exponent.
TEST(Math, NormalDistribution) {
  expect_accurate(
      normal_below_wide, normal_below_plain, 6, [](double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }, 1.6e-6);
  expect_accurate(
      normal_below_wide, normal_below_plain, 2, [](double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }, 5e-7);
  expect_accurate(
      normal_density_wide, normal_density_plain, 6,
      [](double x) { return std::exp(-x * x / 2) / std::sqrt(2 * std::acos(-1.0)); }, 1.6e-6);
}

template <Isa>
CUTRACT_INLINE void log_wide_body(const double* x, double* y, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) y[i] = log_fast(x[i]);
}
CUTRACT_PER_ISA(log_wide, (const double* x, double* y, std::size_t n), (x, y, n))

// Measured: 5.1e-11 both ways, at the ends of the series. The error is relative to the logarithm even near 1, where the
// logarithm is 0.
TEST(Math, Log) {
  std::vector<double> x;
  for (int e = -1022; e <= 1023; ++e)
    for (const double m : {1.0, 1.0001, 1.2, 1.4142, 1.4143, 1.7, 1.99999}) x.push_back(std::ldexp(m, e));
  for (int i = 0; i < 400'000; ++i) x.push_back(0.5 + i * (2.0 / 400'000));
  for (double d = 0x1p-53; d < 0.1; d *= 2) {
    x.push_back(1 + d);
    x.push_back(1 - d);
  }
  for (const auto log : {log_wide, log_wide_portable}) {
    std::vector<double> y(x.size(), std::nan(""));
    log(x.data(), y.data(), x.size());
    double worst = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double want = std::log(x[i]), error = want == 0 ? std::abs(y[i]) : std::abs(y[i] / want - 1);
      if (!(error <= worst)) worst = error;
    }
    testing::Test::RecordProperty(log == log_wide ? "wide" : "plain", std::to_string(worst * 1e11) + "e-11");
    EXPECT_LE(worst, 6e-11);
  }
}

TEST(Math, EndsOfTheLogarithm) {
  constexpr double kInf = std::numeric_limits<double>::infinity();
  for (const auto log : {log_wide, log_wide_portable}) {
    std::vector<double> x, y(36, 0);
    for (int i = 0; i < 9; ++i) x.insert(x.end(), {0, kInf, std::nan(""), 1});
    log(x.data(), y.data(), x.size());
    for (std::size_t i = 0; i < x.size(); i += 4) {
      EXPECT_NEAR(y[i], -1023 * std::log(2.0), 1) << i;
      EXPECT_EQ(y[i + 1], kInf) << i;
      EXPECT_TRUE(std::isnan(y[i + 2])) << i;
      EXPECT_EQ(y[i + 3], 0.0) << i;
    }
  }
}

TEST(Math, EndsOfTheLine) {
  constexpr float kInf = std::numeric_limits<float>::infinity();
  for (const float x : {20.0f, 88.0f, 1e9f, kInf}) {
    EXPECT_EQ(tanh_fast(x), 1.0f);
    EXPECT_EQ(tanh_fast(-x), -1.0f);
    EXPECT_EQ(sigmoid(x), 1.0f);
    EXPECT_GE(sigmoid(-x), 0.0f);
    EXPECT_LE(sigmoid(-x), 2.1e-9f);
  }
  EXPECT_EQ(tanh_fast(0.0f), 0.0f);
  EXPECT_EQ(sigmoid(0.0f), 0.5f);
  for (float (*f)(float) : {+[](float x) { return sigmoid(x); }, +[](float x) { return tanh_fast(x); }})
    EXPECT_TRUE(std::isnan(f(std::nanf(""))));
}

// The per-ISA clones must not turn NaN into a number either: minimum and maximum instructions return their second
// operand.
TEST(Math, VectorsKeepNaN) {
  const Values x(37, std::nanf(""));
  Values s(x.size()), t(x.size());
  sigmoid_wide(x.data(), s.data(), x.size());
  tanh_wide(x.data(), t.data(), x.size());
  for (std::size_t i = 0; i < x.size(); ++i) EXPECT_TRUE(std::isnan(s[i]) && std::isnan(t[i])) << i;
}

}  // namespace
}  // namespace cutract::test
