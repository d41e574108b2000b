#include <tuple>

#include "kernels/lstm/lstm.h"
#include "tests/kernels/lstm_case.h"

namespace cutract::test {
namespace {

// Bounds of the relative L2 error. On the emulated GPU, where the products over all frames are fp32, the bound is close
// enough to the worst value of these tests (printed as the property "worst") that an error in a few cells is detected.
// The CPU computes in fp32 for any requested precision.
double bound(Precision p) {
  if (p == Precision::fp32) return 2e-6;
  if (p == Precision::tf32) return gpu_is_emulated() ? 2e-4 : 2e-3;
  return gpu_is_emulated() ? 2e-3 : 2e-2;
}
// For sums of products that cancel, in fp32.
double backward_bound(Precision p) { return p == Precision::fp32 ? 1e-5 : bound(p); }

class LstmPersistent : public testing::TestWithParam<std::tuple<Precision, Device>> {
 protected:
  void SetUp() override {
    exec_ = exec_for(std::get<1>(GetParam()));
    if (!exec_) GTEST_SKIP() << why_no_gpu();
  }
  Precision precision() const { return std::get<0>(GetParam()); }
  Named<float> run(const LstmCase& in, LstmEngine engine = LstmEngine::persistent) {
    return run_lstm(*exec_, in, {.precision = precision(), .engine = engine});
  }
  void expect_like_oracle(const LstmCase& in, LstmEngine engine = LstmEngine::persistent) {
    const Named<float> got = run(in, engine);
    for (const auto& [name, want] : oracle_lstm(in).all) {
      const bool forward = name == "h" || name == "c";
      double& worst = forward ? worst_forward_ : worst_backward_;
      worst = std::max(worst, rel_l2(got[name], want));
      EXPECT_REL_L2(got[name], want, forward ? bound(precision()) : backward_bound(precision()))
          << name << ", H " << in.H << ", B " << in.lengths.size();
    }
  }
  void TearDown() override {
    if (worst_forward_ == 0) return;
    RecordProperty("worst_forward", testing::PrintToString(worst_forward_));
    RecordProperty("worst_backward", testing::PrintToString(worst_backward_));
  }
  std::optional<Exec> exec_;
  double worst_forward_ = 0, worst_backward_ = 0;
};

// Tiles of four and eight utterances: a partial tile, one utterance less than a tile, one whole tile, one more, and
// several tiles; with both directions, then with one.
TEST_P(LstmPersistent, AgreesWithTheOracle) {
  Rng rng(1);
  for (const Index H : {64, 128}) {
    for (const Index B : {1, 3, 4, 7, 8, 9, 20})
      expect_like_oracle(random_lstm(rng, ragged_lengths(rng, B, 23), 20, H, 2));
    expect_like_oracle(random_lstm(rng, {70, 3}, 20, H, 1));
    expect_like_oracle(random_lstm(rng, std::vector<std::int32_t>(17, 1), 20, H, 2));
  }
}

TEST_P(LstmPersistent, StandsLargeWeights) {
  Rng rng(6);
  for (const Index H : {64, 128}) {
    if (precision() == Precision::fp32)  // other precisions have larger rounding errors when gates saturate
      expect_like_oracle(random_lstm(rng, {40, 23, 1}, 9, H, 2, 4.0));
    const Named<float> got = run(random_lstm(rng, {40, 23, 1}, 9, H, 2, 1e4));
    for (const auto& [name, values] : got.all)
      for (const float v : values) ASSERT_TRUE(std::isfinite(v)) << name;
  }
}

// For other sizes, where the persistent engine has no kernel, another engine is used.
TEST_P(LstmPersistent, LeavesOtherSizesToOthers) {
  Rng rng(2);
  for (const Index H : {1, 33, 63, 65, 96})
    expect_like_oracle(random_lstm(rng, ragged_lengths(rng, 5, 12), 7, H, 2), LstmEngine::automatic);
}

TEST_P(LstmPersistent, SameInputSameBits) {
  Rng rng(3);
  const LstmCase in = random_lstm(rng, {40, 31, 30, 9, 9, 9, 9, 9, 2}, 20, 128, 2);
  const Named<float> first = run(in);
  for (int again = 0; again < 2; ++again) {
    exec_ = exec_for(std::get<1>(GetParam()));
    const Named<float> second = run(in);
    for (const auto& [name, values] : first.all) EXPECT_BITWISE(second[name], values) << name;
  }
}

// Utterances are independent: alone and in a batch, at any place in a tile, an utterance gives the same results. On the
// GPU they are equal bit for bit: with one input, W x is one multiplication, however many frames the product covers.
TEST_P(LstmPersistent, AnUtteranceDoesNotDependOnItsBatch) {
  Rng rng(4);
  const LstmCase in = random_lstm(rng, {21, 20, 9, 9, 8, 8, 3, 3, 2, 1, 1}, 1, 64, 2);
  const Named<float> together = run(in);
  Named<float> apart;
  apart.all = {{"h", {}}, {"c", {}}, {"dgates", {}}};
  for (const LstmCase& alone : utterances(in)) {
    const Named<float> got = run(alone);
    for (auto& [name, values] : apart.all) values.insert(values.end(), got[name].begin(), got[name].end());
  }
  for (const auto& [name, values] : apart.all)
    if (std::get<1>(GetParam()) == Device::gpu)
      EXPECT_BITWISE(values, together[name]) << name;
    else
      EXPECT_REL_L2(values, together[name], 2e-6) << name;
}

TEST_P(LstmPersistent, ANaNReachesItsOwnUtteranceAndNoOther) {
  Rng rng(5);
  LstmCase in = random_lstm(rng, {5, 4}, 3, 64, 2);
  in.x[2 * 3 + 1] = std::nanf("");  // frame 2 of the first utterance
  const Named<float> got = run(in);
  for (std::size_t n = 0; n < 9; ++n)
    for (std::size_t j = 0; j < 128; ++j) {
      const bool reached = n < 5 && (j < 64 ? n >= 2 : n <= 2);  // forward from there on, reverse from there back
      EXPECT_EQ(std::isnan(got["h"][n * 128 + j]), reached) << "frame " << n << ", column " << j;
    }
}

INSTANTIATE_TEST_SUITE_P(, LstmPersistent,
                         testing::Combine(testing::Values(Precision::fp32, Precision::tf32, Precision::bf16),
                                          testing::Values(Device::cpu, Device::gpu)),
                         [](const auto& p) {
                           return name_of(std::get<0>(p.param)) + ("_" + device_name({std::get<1>(p.param), 0}));
                         });

}  // namespace
}  // namespace cutract::test
