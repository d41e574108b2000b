#include "host/corpus/lowpass.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "host/core/error.h"
#include "tests/support/support.h"

namespace cutract {
namespace {

TEST(Lowpass, EqualsSciPy) {
  const TensorFile g = test::golden("lowpass.safetensors");
  int cases = 0;
  for (const char* name : {"stem", "even", "first", "steep", "shortest"}) {
    const auto get = [&](const char* what) { return g.at(std::string(name) + what, "lowpass.safetensors").as_f64(); };
    const auto params = get(".params"), x = get(".x"), want = get(".y");
    const int order = static_cast<int>(params[0]);

    std::vector<double> column = x;
    lowpass_zero_phase(column, params[2], params[1], order);
    // filtfilt runs one high-order section, whose own rounding is the larger part of the difference at order 8.
    EXPECT_REL_L2(column, want, 1e-9) << name;

    Matrix rows(static_cast<Index>(x.size()), 3);  // in the middle of other columns
    for (Index t = 0; t < rows.rows; ++t) rows.row(t)[1] = static_cast<float>(x[static_cast<std::size_t>(t)]);
    lowpass_zero_phase(rows.view(), params[2], params[1], order);
    std::vector<float> middle;
    for (Index t = 0; t < rows.rows; ++t) {
      middle.push_back(rows.row(t)[1]);
      EXPECT_EQ(rows.row(t)[0], 0);
      EXPECT_EQ(rows.row(t)[2], 0);
    }
    EXPECT_REL_L2(middle, want, 1e-6) << name;
    ++cases;
  }
  EXPECT_EQ(cases, 5);
}

// Missing values are left out, and what is on one side of them does not change what is on the other.
TEST(Lowpass, FiltersEachRunOfValuesByItself) {
  test::Rng rng(4);
  Matrix rows(90, 1);
  rows.values = rng.normals(90);
  rows.values[0] = rows.values[40] = rows.values[41] = rows.values[89] = std::nanf("");
  const std::vector<float> before = rows.values;
  lowpass_zero_phase(rows.view(), 250, 20, 5);
  for (const auto& [first, last] : {std::pair{1, 40}, {42, 89}}) {
    std::vector<double> run(before.begin() + first, before.begin() + last);
    lowpass_zero_phase(run, 250, 20, 5);
    for (int t = first; t < last; ++t)
      EXPECT_EQ(rows.values[static_cast<std::size_t>(t)], static_cast<float>(run[static_cast<std::size_t>(t - first)]));
  }
  for (const std::size_t t : {0, 40, 41, 89}) EXPECT_TRUE(std::isnan(rows.values[t])) << t;
}

TEST(Lowpass, ConstantsAndShortTracksStay) {
  for (const std::size_t n : {0, 1, 2, 5, 18, 19, 100}) {
    std::vector<double> x(n, 42);
    lowpass_zero_phase(x, 250, 20, 5);
    for (const double v : x) EXPECT_NEAR(v, 42, 1e-9) << n;
  }
  std::vector<double> line;
  for (int i = 0; i < 10; ++i) line.push_back(i);
  const auto before = line;
  lowpass_zero_phase(line, 250, 20, 5);  // shorter than the extension
  EXPECT_REL_L2(line, before, 0.05);
}

// Forward and backward: the gain at the cutoff is 1/2, and a slow sine is not delayed.
TEST(Lowpass, GainAndPhase) {
  const auto sine = [](double hz) {
    std::vector<double> x(4000);
    for (std::size_t i = 0; i < x.size(); ++i)
      x[i] = std::sin(2 * std::numbers::pi * hz * static_cast<double>(i) / 250);
    return x;
  };
  const auto gain = [&](double hz) {
    auto y = sine(hz);
    const auto x = y;
    lowpass_zero_phase(y, 250, 20, 5);
    double xy = 0, xx = 0;
    for (std::size_t i = 1000; i < 3000; ++i) {
      xy += x[i] * y[i];
      xx += x[i] * x[i];
    }
    return xy / xx;
  };
  EXPECT_NEAR(gain(20), 0.5, 1e-6);
  EXPECT_NEAR(gain(2), 1, 1e-6);
  EXPECT_NEAR(gain(60), 0, 1e-4);
}

TEST(Lowpass, ImpossibleCutoffsAreRefused) {
  std::vector<double> x(50, 1);
  EXPECT_FAULT(lowpass_zero_phase(x, 250, 125, 5), Fault::internal, "cutoff below half the rate");
  EXPECT_FAULT(lowpass_zero_phase(x, 250, 0, 5), Fault::internal, "cutoff below half the rate");
  EXPECT_FAULT(lowpass_zero_phase(x, 250, 20, 0), Fault::internal, "expected order >= 1");
}

}  // namespace
}  // namespace cutract
