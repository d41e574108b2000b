#include "kernels/lstm/lstm_gpu.h"
#include "tests/kernels/lstm_case.h"

namespace cutract::test {
namespace {

// The same bound as in tests/kernels/lstm_persistent_test.cpp, for the same products and functions.
double bound() { return gpu_is_emulated() ? 2e-3 : 2e-2; }

constexpr LstmRun kCluster{.precision = Precision::bf16, .engine = LstmEngine::cluster};

class LstmCluster : public OnEachDevice {
 protected:
  void SetUp() override {
    OnEachDevice::SetUp();
    const auto* gpu = std::get_if<GpuExec>(&exec());
    if (gpu && gpu->capability() < 90) GTEST_SKIP() << "the GPU has no clusters: it is older than 9.0";
  }
  void expect_like_oracle(const LstmCase& in, int blocks) {
    SCOPED_TRACE("H " + std::to_string(in.H) + ", B " + std::to_string(in.lengths.size()));
    EXPECT_EQ(lstm_cluster_size(static_cast<int>(in.H), static_cast<int>(in.lengths.size()), static_cast<int>(in.D())),
              blocks);
    const Named<float> got = run_lstm(exec(), in, kCluster);
    for (const auto& [name, want] : oracle_lstm(in).all) {
      EXPECT_REL_L2(got[name], want, bound()) << name;
      worst_ = std::max(worst_, rel_l2(got[name], want));
    }
  }
  void TearDown() override { RecordProperty("worst", testing::PrintToString(worst_)); }
  double worst_ = 0;
};

// Every size and number of blocks; a partial tile, one whole tile, one utterance more, and several tiles.
TEST_P(LstmCluster, AgreesWithTheOracle) {
  Rng rng(1);
  const struct {
    Index H, B, T;
    int blocks;
  } cases[] = {{128, 1, 12, 8}, {128, 8, 9, 8},  {128, 9, 5, 8}, {128, 70, 3, 4}, {128, 140, 2, 2},
               {256, 5, 8, 8},  {256, 70, 2, 4}, {384, 3, 5, 8}, {512, 9, 4, 16}};
  for (const auto& c : cases) expect_like_oracle(random_lstm(rng, ragged_lengths(rng, c.B, c.T), 10, c.H, 2), c.blocks);
}

TEST_P(LstmCluster, AgreesWithTheOracleInOneDirection) {
  Rng rng(2);
  expect_like_oracle(random_lstm(rng, {40, 3}, 10, 128, 1), 8);
  expect_like_oracle(random_lstm(rng, ragged_lengths(rng, 140, 2), 10, 128, 1), 4);
}

TEST_P(LstmCluster, AgreesWithTheOracleForOneFrameEach) {
  Rng rng(3);
  expect_like_oracle(random_lstm(rng, std::vector<std::int32_t>(10, 1), 10, 128, 2), 8);
  expect_like_oracle(random_lstm(rng, {1}, 10, 512, 2), 16);
}

TEST_P(LstmCluster, SameInputSameBits) {
  Rng rng(4);
  const LstmCase in = random_lstm(rng, {10, 9, 9, 4, 4, 4, 4, 4, 2}, 10, 256, 2);
  const Named<float> first = run_lstm(exec(), in, kCluster);
  std::vector<Exec> all = others();
  for (Exec& ex : all) {
    const Named<float> again = run_lstm(ex, in, kCluster);
    for (const auto& [name, values] : first.all) EXPECT_BITWISE(again[name], values) << name;
  }
}

// The results are equal bit for bit, although the batch of 140 runs on clusters of 2 blocks and the single utterance on
// one of 8. With F = 1 the products over all frames have nothing to sum.
TEST_P(LstmCluster, AnUtteranceDoesNotDependOnItsBatch) {
  Rng rng(5);
  const LstmCase in = random_lstm(rng, ragged_lengths(rng, 140, 6), 1, 128, 2);
  const Named<float> together = run_lstm(exec(), in, kCluster);
  std::ptrdiff_t n = 0;
  for (std::size_t b = 0; b < in.lengths.size(); n += in.lengths[b++]) {
    if (b % 23 != 0) continue;
    const auto cut = [&](const std::vector<float>& v, Index width) {
      return std::vector<float>(v.begin() + n * width, v.begin() + (n + in.lengths[b]) * width);
    };
    LstmCase alone = in;
    alone.lengths = {in.lengths[b]};
    alone.x = cut(in.x, 1);
    alone.dh = cut(in.dh, 256);
    const Named<float> got = run_lstm(exec(), alone, kCluster);
    EXPECT_BITWISE(got["h"], cut(together["h"], 256)) << "utterance " << b;
    EXPECT_BITWISE(got["c"], cut(together["c"], 256)) << "utterance " << b;
    EXPECT_BITWISE(got["dgates"], cut(together["dgates"], 1024)) << "utterance " << b;
  }
}

TEST_P(LstmCluster, ANaNReachesItsOwnUtteranceAndNoOther) {
  Rng rng(6);
  LstmCase in = random_lstm(rng, {5, 4}, 3, 128, 2);
  in.x[2 * 3 + 1] = std::nanf("");  // frame 2 of the first utterance
  const Named<float> got = run_lstm(exec(), in, kCluster);
  for (std::size_t n = 0; n < 9; ++n)
    for (std::size_t j = 0; j < 256; ++j) {
      const bool reached = n < 5 && (j < 128 ? n >= 2 : n <= 2);  // forward from there on, reverse from there back
      EXPECT_EQ(std::isnan(got["h"][n * 256 + j]), reached) << "frame " << n << ", column " << j;
    }
}

CUTRACT_ON_EACH_DEVICE(LstmCluster);

}  // namespace
}  // namespace cutract::test
