#include "train/schedule.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "host/core/error.h"
#include "tests/support/support.h"

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
  EXPECT_FALSE(p.check(0.6));
  EXPECT_FALSE(p.check(0.6));
  EXPECT_FALSE(p.check(0.6)) << "a rate that is at min_lr does not fall";
}

TEST(Plateau, NeverRisesToItsFloor) {
  Plateau p({.patience = 0, .min_lr = 1e-3}, 1e-4);
  p.check(1);
  EXPECT_FALSE(p.check(1));
  EXPECT_EQ(p.lr(), 1e-4);
}

TEST(Schedule, ConstantNeverMoves) {
  Schedule s({.name = ScheduleKind::constant}, 0.1, 7, 3);
  for (int i = 0; i < 50; ++i) EXPECT_FALSE(s.check(1));
  for (const Index k : {0, 5, 1000}) EXPECT_EQ(s.rate(k), 0.1);
}

// As torch.optim.lr_scheduler.StepLR(step_size=3, gamma=0.1).
TEST(Schedule, StepDecaysEveryFewEpochs) {
  Schedule s({.name = ScheduleKind::step, .factor = 0.1, .step_epochs = 3}, 1.0, 7, 9);
  const double want[] = {1, 1, 1, 0.1, 0.1, 0.1, 0.01, 0.01};
  for (const double lr : want) {
    EXPECT_DOUBLE_EQ(s.lr(), lr);
    s.check(5);
  }
}

// SequentialLR of LinearLR(start_factor=0.25, total_iters=4) and CosineAnnealingLR(T_max=8, eta_min=0.2), at a rate of
// 1: values of PyTorch's closed forms, worked out by hand.
TEST(Schedule, CosineWarmsUpAndFalls) {
  const Schedule s({.name = ScheduleKind::cosine, .min_lr = 0.2, .warmup_epochs = 2, .warmup_start = 0.25}, 1.0, 2, 6);
  EXPECT_EQ(s.length(), 12);
  const double root = std::sqrt(0.5);
  const double want[] = {0.25,
                         0.4375,
                         0.625,
                         0.8125,
                         1.0,
                         0.6 + 0.4 * std::cos(M_PI / 8),
                         0.6 + 0.4 * root,
                         0.6 + 0.4 * std::cos(3 * M_PI / 8),
                         0.6};
  for (Index k = 0; k < 9; ++k) EXPECT_NEAR(s.rate(k), want[k], 1e-15) << k;
  EXPECT_NEAR(s.rate(10), 0.6 - 0.4 * root, 1e-15);
  EXPECT_NEAR(s.rate(11), 0.6 - 0.4 * std::cos(M_PI / 8), 1e-15);
  EXPECT_EQ(s.rate(12), 0.2);
  EXPECT_EQ(s.rate(500), 0.2) << "after its end it stays at min_lr";
}

TEST(Schedule, CosineWithoutWarmUpBeginsAtTheRate) {
  const Schedule s({.name = ScheduleKind::cosine, .warmup_epochs = 0}, 3.0, 5, 2);
  EXPECT_EQ(s.rate(0), 3.0);
  EXPECT_NEAR(s.rate(5), 1.5, 1e-15);
}

// OneCycleLR(max_lr=1, total_steps=10, pct_start=0.3, div_factor=25, final_div_factor=1e4): phases end at updates 2
// and 9.
TEST(Schedule, OneCycleRisesAndFalls) {
  const Schedule s({.name = ScheduleKind::one_cycle}, 1.0, 5, 2);
  EXPECT_NEAR(s.rate(0), 0.04, 1e-15);
  EXPECT_NEAR(s.rate(1), 0.52, 1e-15);
  EXPECT_NEAR(s.rate(2), 1.0, 1e-15);
  EXPECT_NEAR(s.rate(3), 4e-6 + (1 - 4e-6) * (1 + std::cos(M_PI / 7)) / 2, 1e-15);
  EXPECT_NEAR(s.rate(8), 4e-6 + (1 - 4e-6) * (1 + std::cos(6 * M_PI / 7)) / 2, 1e-15);
  EXPECT_EQ(s.rate(9), 4e-6);
  EXPECT_EQ(s.rate(10), 4e-6);
}

TEST(Schedule, ItsLengthCanDifferFromMaxEpochs) {
  const Schedule s({.name = ScheduleKind::cosine, .length_epochs = 4, .warmup_epochs = 1}, 1.0, 10, 100);
  EXPECT_EQ(s.length(), 40);
}

TEST(Schedule, RefusesAWarmUpWithoutAnEnd) {
  EXPECT_FAULT(expect_warm_up_fits({.name = ScheduleKind::cosine, .warmup_epochs = 3}, 3), Fault::config,
               "schedule.warmup_epochs = 3 is not less than the 3 epochs of the schedule");
}

TEST(Schedule, ContinuesFromItsState) {
  for (const ScheduleKind kind : {ScheduleKind::constant, ScheduleKind::plateau, ScheduleKind::step,
                                  ScheduleKind::cosine, ScheduleKind::one_cycle}) {
    SCOPED_TRACE(name_of(kind));
    const ScheduleConfig config{.name = kind, .patience = 3, .step_epochs = 4, .warmup_epochs = 1};
    Schedule a(config, 0.1, 7, 20);
    for (int i = 0; i < 3; ++i) a.check(2);
    Schedule b(config, 0.1, 7, 30);  // a continued run may be longer
    b.restore(a.state(), "state");
    EXPECT_EQ(a.state(), b.state());
    for (int i = 0; i < 12; ++i) {
      EXPECT_EQ(a.rate(7 * i + 3), b.rate(7 * i + 3));
      EXPECT_EQ(a.check(2), b.check(2));
    }
  }
}

TEST(Schedule, RefusesAStateThatIsNotItsOwn) {
  Schedule s({.name = ScheduleKind::plateau}, 1.0, 1, 1);
  EXPECT_FAULT(s.restore("lr=0.5 best=0.3", "x"), Fault::data,
               "x: the schedule's bad is \"\", expected a number; the file was altered");
  EXPECT_FAULT(s.restore("lr=half best=0.3 bad=0", "x"), Fault::data, "x: the schedule's lr is \"half\"");
}

}  // namespace
}  // namespace cutract
