#include "kernels/lstm.h"
#include "tests/kernels/lstm_case.h"

namespace cutract::test {
namespace {

// R2. Emulated, where the products over all frames are fp32, the worst of these tests is 8e-4, and the bound is near
// enough to that for a fault in few cells to show. The CPU computes in fp32 whatever is asked for.
double bound() { return gpu_is_emulated() ? 2e-3 : 2e-2; }

constexpr LstmRun kPersistent{.precision = Precision::bf16, .engine = LstmEngine::persistent};

class LstmBf16 : public OnEachDevice {
 protected:
  void expect_like_oracle(const LstmCase& in, LstmRun how = kPersistent) {
    const Named<float> got = run_lstm(exec(), in, how);
    for (const auto& [name, want] : oracle_lstm(in).all) {
      EXPECT_REL_L2(got[name], want, bound()) << name << ", H " << in.H << ", B " << in.lengths.size();
      worst_ = std::max(worst_, rel_l2(got[name], want));
    }
  }
  void TearDown() override { RecordProperty("worst", testing::PrintToString(worst_)); }
  double worst_ = 0;
};

// Tiles of eight utterances: a part of one, one less, one whole, one more, and several; both directions, then one.
TEST_P(LstmBf16, AgreesWithTheOracle) {
  Rng rng(1);
  for (const Index H : {64, 128}) {
    for (const Index B : {1, 7, 8, 9, 20}) expect_like_oracle(random_lstm(rng, ragged_lengths(rng, B, 23), 20, H, 2));
    expect_like_oracle(random_lstm(rng, {70, 3}, 20, H, 1));
    expect_like_oracle(random_lstm(rng, std::vector<std::int32_t>(17, 1), 20, H, 2));
  }
}

// Where the persistent engine has no kernel, the general one takes over.
TEST_P(LstmBf16, AgreesWithTheOracleForOtherSizes) {
  Rng rng(2);
  for (const Index H : {1, 33, 63, 65, 96})
    expect_like_oracle(random_lstm(rng, ragged_lengths(rng, 5, 12), 7, H, 2), {.precision = Precision::bf16});
}

TEST_P(LstmBf16, SameInputSameBits) {
  Rng rng(3);
  const LstmCase in = random_lstm(rng, {40, 31, 30, 9, 9, 9, 9, 9, 2}, 20, 128, 2);
  const Named<float> first = run_lstm(exec(), in, kPersistent);
  std::vector<Exec> all = others();
  for (Exec& ex : all) {
    const Named<float> again = run_lstm(ex, in, kPersistent);
    for (const auto& [name, values] : first.all) EXPECT_BITWISE(again[name], values) << name;
  }
}

// An utterance does not feel its neighbours: what it gives alone it gives in a batch, whatever its place in the tile.
TEST_P(LstmBf16, AnUtteranceDoesNotDependOnItsBatch) {
  Rng rng(4);
  const LstmCase in = random_lstm(rng, {21, 20, 9, 9, 8, 8, 3, 3, 2, 1, 1}, 13, 64, 2);
  const Named<float> together = run_lstm(exec(), in, kPersistent);
  std::vector<float> h, c, dx;
  std::ptrdiff_t n = 0;
  for (const auto length : in.lengths) {
    LstmCase alone = in;
    alone.lengths = {length};
    alone.x.assign(in.x.begin() + n * in.F, in.x.begin() + (n + length) * in.F);
    alone.dh.assign(in.dh.begin() + n * 2 * in.H, in.dh.begin() + (n + length) * 2 * in.H);
    const Named<float> got = run_lstm(exec(), alone, kPersistent);
    h.insert(h.end(), got["h"].begin(), got["h"].end());
    c.insert(c.end(), got["c"].begin(), got["c"].end());
    dx.insert(dx.end(), got["dx"].begin(), got["dx"].end());
    n += length;
  }
  // The products over all frames may round otherwise for another number of rows, and a bf16 may then fall to the other
  // side: far below the bound all the same.
  EXPECT_REL_L2(h, together["h"], bound() / 2);
  EXPECT_REL_L2(c, together["c"], bound() / 2);
  EXPECT_REL_L2(dx, together["dx"], bound() / 2);
}

TEST_P(LstmBf16, ANaNReachesItsOwnUtteranceAndNoOther) {
  Rng rng(5);
  LstmCase in = random_lstm(rng, {5, 4}, 3, 64, 2);
  in.x[2 * 3 + 1] = std::nanf("");  // frame 2 of the first utterance
  const Named<float> got = run_lstm(exec(), in, kPersistent);
  for (std::size_t n = 0; n < 9; ++n)
    for (std::size_t j = 0; j < 128; ++j) {
      const bool reached = n < 5 && (j < 64 ? n >= 2 : n <= 2);  // forward from there on, reverse from there back
      EXPECT_EQ(std::isnan(got["h"][n * 128 + j]), reached) << "frame " << n << ", column " << j;
    }
}

CUTRACT_ON_EACH_DEVICE(LstmBf16);

}  // namespace
}  // namespace cutract::test
