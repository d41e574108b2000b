// Missing values: how gaps are filled, and which are not. The right values come from scipy.interpolate.CubicSpline with
// bc_type="natural".
#include "host/corpus/gaps.h"

#include <gtest/gtest.h>

#include <cmath>

#include "host/core/error.h"
#include "tests/support/support.h"

namespace cutract {
namespace {

const float kNone = std::nanf("");

Matrix column(const std::vector<float>& values) {
  Matrix m(std::ssize(values), 1);
  m.values = values;
  return m;
}

TEST(Gaps, BetweenValuesAreFilledByACubicSpline) {
  Matrix m = column({1, 3, kNone, kNone, 2, -1, kNone, 4, 5});
  const std::vector<std::string> names{"a"};
  const GapCount count = fill_gaps(m, names, 100, 50, "t");
  EXPECT_EQ(count.gaps, 2);
  EXPECT_EQ(count.values, 3);
  EXPECT_DOUBLE_EQ(count.longest_ms, 20);
  const std::vector<double> right{1, 3, 4.2567497404, 4.1287642783, 2, -1, 0.6682242991, 4, 5};
  EXPECT_REL_L2(m.values, right, 1e-7);
}

TEST(Gaps, AtTheEndsTheNearestValueIsKept) {
  Matrix m(5, 2);
  m.values = {kNone, 1, kNone, 2, 7, 3, 8, kNone, kNone, kNone};
  const std::vector<std::string> names{"a", "b"};
  const GapCount count = fill_gaps(m, names, 100, 20, "t");
  EXPECT_EQ(m.values, (std::vector<float>{7, 1, 7, 2, 7, 3, 8, 3, 8, 3}));
  EXPECT_EQ(count.gaps, 3);
  EXPECT_EQ(count.values, 5);
}

// Two values make a straight line, and one a constant.
TEST(Gaps, FewValuesAreEnough) {
  Matrix two = column({0, kNone, kNone, 6}), one = column({kNone, 5, kNone});
  const std::vector<std::string> names{"a"};
  fill_gaps(two, names, 100, 50, "t");
  fill_gaps(one, names, 100, 50, "t");
  EXPECT_REL_L2(two.values, (std::vector<double>{0, 2, 4, 6}), 1e-7);
  EXPECT_EQ(one.values, (std::vector<float>{5, 5, 5}));
}

TEST(Gaps, WithoutAnyNothingChanges) {
  Matrix m = column({1, 2.5F, -3});
  const std::vector<std::string> names{"a"};
  EXPECT_EQ(fill_gaps(m, names, 100, 0, "t").gaps, 0);
  EXPECT_EQ(m.values, (std::vector<float>{1, 2.5F, -3}));
}

TEST(Gaps, WhatCannotBeFilledIsRefused) {
  const std::vector<std::string> names{"tt_x"};
  const struct {
    std::vector<float> values;
    double most_ms;
    std::string says;
  } cases[] = {
      {{1, kNone, kNone, 2},
       19,
       "t.csv: \"tt_x\" is missing for 20 ms (rows 2 to 3); gaps of up to 19 ms are filled (--fill-gaps-ms)"},
      {{1, kNone, 2},
       0,
       "t.csv: \"tt_x\" is missing for 10 ms (rows 2 to 2); gaps of up to 0 ms are filled (--fill-gaps-ms)"},
      {{kNone, kNone}, 100, "t.csv: \"tt_x\" has no value; leave this channel out with --channels, or the recording"},
      {{1, -INFINITY, 2}, 100, "t.csv: row 2 of \"tt_x\" is -inf, expected a finite number"},
  };
  for (const auto& c : cases) {
    Matrix m = column(c.values);
    EXPECT_EQ(std::string(test::thrown_by([&] { fill_gaps(m, names, 100, c.most_ms, "t.csv"); }).what()), c.says);
  }
}

}  // namespace
}  // namespace cutract
