#include "train/plateau.h"

#include <gtest/gtest.h>

#include <cmath>

namespace cutract {
namespace {

// Traced by hand through PyTorch's rule: the rate falls at the check after `patience` bad ones; the threshold is
// relative.
TEST(Plateau, HalvesAfterPatience) {
  Plateau p({.factor = 0.5, .patience = 2, .min_lr = 0.3}, 1.0);
  EXPECT_FALSE(p.check(1.0));
  EXPECT_FALSE(p.check(0.99995));  // better by less than 1e-4 of the best: bad 1
  EXPECT_FALSE(p.check(1.2));      // bad 2
  EXPECT_TRUE(p.check(1.0));       // bad 3 > patience
  EXPECT_EQ(p.lr(), 0.5);
  EXPECT_FALSE(p.check(0.5));  // better
  EXPECT_FALSE(p.check(0.6));
  EXPECT_FALSE(p.check(0.6));
  EXPECT_TRUE(p.check(0.6));
  EXPECT_EQ(p.lr(), 0.3);  // min_lr
  EXPECT_FALSE(p.check(0.6)), p.check(0.6);
  EXPECT_FALSE(p.check(0.6)) << "a rate that is at min_lr does not fall";
}

TEST(Plateau, NeverRisesToItsFloor) {
  Plateau p({.patience = 0, .min_lr = 1e-3}, 1e-4);
  p.check(1);
  EXPECT_FALSE(p.check(1));
  EXPECT_EQ(p.lr(), 1e-4);
}

TEST(Plateau, ConstantNeverFalls) {
  Plateau p({.name = ScheduleKind::constant}, 0.1);
  for (int i = 0; i < 50; ++i) EXPECT_FALSE(p.check(1));
  EXPECT_EQ(p.lr(), 0.1);
}

TEST(Plateau, GoesOnFromItsState) {
  Plateau a({.patience = 3}, 1.0);
  a.check(1), a.check(2), a.check(2);
  Plateau b({.patience = 3}, 7.0);
  b.restore(a.state());
  for (int i = 0; i < 6; ++i) EXPECT_EQ(a.check(2), b.check(2));
  EXPECT_EQ(a.lr(), b.lr());
}

}  // namespace
}  // namespace cutract
