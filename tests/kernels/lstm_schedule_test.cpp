#include "kernels/simt/schedule.h"
#include "tests/kernels/lstm_case.h"

namespace cutract::test {
namespace {

// A program cannot rely on the order in which warps and blocks run: if any order gives different bits, there is a race.
class LstmSchedules : public testing::Test {
 protected:
  void TearDown() override { simt::set_schedule({}); }
  void expect_same_bits(const LstmCase& in, Precision precision, LstmEngine engine) {
    simt::set_schedule({.adversarial = false});
    const Named<float> in_turn = run_lstm(exec_, in, {.precision = precision, .engine = engine});
    for (std::uint64_t seed = 1; seed <= 6; ++seed) {
      simt::set_schedule({.seed = seed});
      const Named<float> got = run_lstm(exec_, in, {.precision = precision, .engine = engine});
      for (const auto& [name, values] : in_turn.all) EXPECT_BITWISE(got[name], values) << name << ", seed " << seed;
    }
  }
  Exec exec_{std::in_place_type<GpuExec>, 0};
};

class PersistentLstmSchedules : public LstmSchedules, public testing::WithParamInterface<Precision> {};

TEST_P(PersistentLstmSchedules, GiveTheSameBits) {
  Rng rng(1);
  const std::vector<std::int32_t> lengths{19, 12, 12, 7, 5, 5, 2, 2, 2, 1};
  expect_same_bits(random_lstm(rng, lengths, 5, 64, 2), GetParam(), LstmEngine::persistent);
}
INSTANTIATE_TEST_SUITE_P(, PersistentLstmSchedules, testing::Values(Precision::fp32, Precision::tf32, Precision::bf16),
                         [](const auto& p) { return name_of(p.param); });

TEST_F(LstmSchedules, OfTheClusterEngine) {
  Rng rng(3);
  expect_same_bits(random_lstm(rng, {16, 11, 1}, 3, 256, 1), Precision::bf16, LstmEngine::cluster);
}

TEST_F(LstmSchedules, OfTheClusterEngineWithFewBlocks) {
  Rng rng(4);
  std::vector<std::int32_t> lengths(130, 1);
  for (std::size_t i = 0; i < 10; ++i) lengths[i] = 5 - static_cast<std::int32_t>(i / 3);
  expect_same_bits(random_lstm(rng, lengths, 3, 128, 2), Precision::bf16, LstmEngine::cluster);
}

TEST_F(LstmSchedules, OfTheClusterEngineWithManyBlocks) {
  Rng rng(5);
  expect_same_bits(random_lstm(rng, {3, 1}, 3, 512, 1), Precision::bf16, LstmEngine::cluster);
}

TEST_F(LstmSchedules, OfTheGeneralEngine) {
  Rng rng(2);
  expect_same_bits(random_lstm(rng, {13, 12, 12, 7, 5, 5, 2, 2, 2, 1}, 5, 33, 2), Precision::fp32, LstmEngine::steps);
}

}  // namespace
}  // namespace cutract::test
