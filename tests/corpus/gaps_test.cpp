// Missing values: how gaps are filled, and which stay. The right values come from scipy.interpolate.CubicSpline with
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
  const GapCount count = fill_gaps(m, 100, 50);
  EXPECT_EQ(count.gaps, 2);
  EXPECT_EQ(count.values, 3);
  EXPECT_DOUBLE_EQ(count.longest_ms, 20);
  const std::vector<double> right{1, 3, 4.2567497404, 4.1287642783, 2, -1, 0.6682242991, 4, 5};
  EXPECT_REL_L2(m.values, right, 1e-7);
}

TEST(Gaps, AtTheEndsTheNearestValueIsKept) {
  Matrix m(5, 2);
  m.values = {kNone, 1, kNone, 2, 7, 3, 8, kNone, kNone, kNone};
  const GapCount count = fill_gaps(m, 100, 20);
  EXPECT_EQ(m.values, (std::vector<float>{7, 1, 7, 2, 7, 3, 8, 3, 8, 3}));
  EXPECT_EQ(count.gaps, 3);
  EXPECT_EQ(count.values, 5);
}

// Two values make a straight line, and one a constant.
TEST(Gaps, FewValuesAreEnough) {
  Matrix two = column({0, kNone, kNone, 6}), one = column({kNone, 5, kNone});
  fill_gaps(two, 100, 50);
  fill_gaps(one, 100, 50);
  EXPECT_REL_L2(two.values, (std::vector<double>{0, 2, 4, 6}), 1e-7);
  EXPECT_EQ(one.values, (std::vector<float>{5, 5, 5}));
}

TEST(Gaps, WithoutAnyNothingChanges) {
  Matrix m = column({1, 2.5F, -3});
  EXPECT_EQ(fill_gaps(m, 100, 0).gaps, 0);
  EXPECT_EQ(m.values, (std::vector<float>{1, 2.5F, -3}));
}

// The longer gap stays, and so does a channel without any value; both are counted by gaps_in.
TEST(Gaps, TooLongOnesStay) {
  Matrix m(6, 2);
  m.values = {1, kNone, kNone, kNone, 2, kNone, kNone, kNone, kNone, kNone, 5, kNone};
  const GapCount filled = fill_gaps(m, 100, 10);
  EXPECT_EQ(filled.gaps, 1);
  EXPECT_EQ(filled.values, 1);
  EXPECT_FLOAT_EQ(m.row(1)[0], 1.425F) << "the natural spline through 1, 2 and 5 at 0, 2 and 5";
  for (const Index t : {3, 4}) EXPECT_TRUE(std::isnan(m.row(t)[0])) << t;
  for (Index t = 0; t < 6; ++t) EXPECT_TRUE(std::isnan(m.row(t)[1])) << t;
  const GapCount left = gaps_in(m, 100);
  EXPECT_EQ(left.gaps, 2);
  EXPECT_EQ(left.values, 8);
  EXPECT_DOUBLE_EQ(left.longest_ms, 60);
  EXPECT_EQ(fill_gaps(m, 100, 10000).values, 2) << "a channel without any value has nothing to fill it with";
}

TEST(Gaps, OfNothingAndInfinityAreRefused) {
  const std::vector<std::string> names{"tt_x"};
  const auto says = [&](const std::vector<float>& values) {
    const Matrix m = column(values);
    return std::string(test::thrown_by([&] { expect_measurements(m, names, "t.csv"); }).what());
  };
  EXPECT_EQ(says({1, -INFINITY, 2}), "t.csv: row 2 of \"tt_x\" is -inf, expected a finite number");
  EXPECT_EQ(says({kNone, kNone}), "t.csv: holds no measured value; leave this recording out");
  EXPECT_NO_THROW(expect_measurements(column({kNone, 1}), names, "t.csv"));
}

}  // namespace
}  // namespace cutract
