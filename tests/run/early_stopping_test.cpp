#include "host/run/early_stopping.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace cutract {
namespace {

// Checks until it stops; -1 if it never does.
int stops_after(EarlyStopping& s, const std::vector<double>& values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    s.improved(values[i]);
    if (s.should_stop()) return static_cast<int>(i) + 1;
  }
  return -1;
}

TEST(EarlyStopping, CountsChecksWithoutImprovement) {
  EarlyStopping s(3, 0);
  EXPECT_EQ(stops_after(s, {1.0, 0.9, 0.95, 0.9, 0.91}), 5);  // an equal value is not an improvement
  EXPECT_EQ(s.state().best, 0.9);
  EXPECT_EQ(s.state().waited, 3);
  EXPECT_EQ(s.reason(), "no improvement of more than 0 over 0.9000 in 3 validation checks");
  EarlyStopping again(3, 0);
  EXPECT_EQ(stops_after(again, {1.0, 1.1, 1.1, 0.9, 1, 1}), -1);  // an improvement restarts the count
  EXPECT_EQ(again.reason(), "");
}

TEST(EarlyStopping, ImprovementIsMoreThanMinDelta) {
  EarlyStopping s(2, 0.125);
  EXPECT_TRUE(s.improved(1.0));
  EXPECT_FALSE(s.improved(0.875));  // exactly min_delta
  EXPECT_TRUE(s.improved(0.8125));  // measured from the best, not from the last
  EXPECT_FALSE(s.should_stop());
}

TEST(EarlyStopping, ValuesThatAreNotFiniteStopAtOnce) {
  for (const double bad : {std::nan(""), HUGE_VAL, -HUGE_VAL}) {
    EarlyStopping s(10, 0);
    EXPECT_TRUE(s.improved(1));
    EXPECT_FALSE(s.improved(bad));
    EXPECT_TRUE(s.should_stop());
    EXPECT_EQ(s.reason(), "the validation loss is not finite");
    EXPECT_EQ(s.state().best, 1);
  }
}

TEST(EarlyStopping, PatienceZeroNeverStops) {
  EarlyStopping s(0, 0);
  EXPECT_EQ(stops_after(s, std::vector<double>(100, 1.0)), -1);
}

TEST(EarlyStopping, GoesOnWhereItWas) {
  EarlyStopping s(2, 0);
  s.improved(0.5);
  s.improved(0.6);
  EarlyStopping resumed(2, 0);  // a resumed run replays the losses so far
  EXPECT_EQ(stops_after(resumed, {0.5, 0.6}), -1);
  EXPECT_FALSE(resumed.should_stop());
  EXPECT_FALSE(resumed.improved(0.55));
  EXPECT_TRUE(resumed.should_stop());
}

}  // namespace
}  // namespace cutract
