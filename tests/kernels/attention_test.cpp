#include "kernels/attention/attention.h"

#include "tests/kernels/on_each_device.h"
#include "tests/oracle/attention.h"
#include "tests/support/support.h"

namespace cutract::test {
namespace {

constexpr std::uint64_t kSeed = 11, kSite = 3;
constexpr Index kStep = 7;

struct Case {
  std::vector<std::int32_t> lengths;
  Index A, K, window = 0;
  float p = 0;
  std::vector<std::uint32_t> uid{};
  Index N = 0;
  std::vector<float> qkv{}, dout{};

  Case(std::vector<std::int32_t> of, Index heads, Index size, Index see = 0, float drop = 0, std::uint64_t seed = 1)
      : lengths(std::move(of)), A(heads), K(size), window(see), p(drop) {
    for (const std::int32_t n : lengths) {
      uid.push_back(static_cast<std::uint32_t>(100 + N));
      N += n;
    }
    Rng rng(seed);
    qkv = rng.normals(N * 3 * A * K);
    dout = rng.normals(N * A * K);
  }
  // Utterance u alone.
  Case alone(std::size_t u) const {
    Case one({lengths[u]}, A, K, window, p);
    one.uid = {uid[u]};
    Index before = 0;
    for (std::size_t i = 0; i < u; ++i) before += lengths[i];
    std::copy_n(qkv.begin() + before * 3 * A * K, one.N * 3 * A * K, one.qkv.begin());
    std::copy_n(dout.begin() + before * A * K, one.N * A * K, one.dout.begin());
    return one;
  }
};

struct Result {
  std::vector<float> out, lse, dqkv;
};
// With `behind` rows after the last utterance, whose values must not affect the result.
Result run(Exec& ex, const Case& c, Index behind = 0) {
  const Index N = c.N + behind, W = c.A * c.K;
  std::vector<float> padded = c.qkv, padded_d = c.dout;
  padded.resize(static_cast<std::size_t>(N * 3 * W), 1e6f);
  padded_d.resize(static_cast<std::size_t>(N * W), 0.0f);
  Block<float> qkv(ex, padded), out(ex, N * W), lse(ex, N * c.A), dout(ex, padded_d), dqkv(ex, N * 3 * W);
  Block<std::uint32_t> uid(ex, c.uid);
  Block<Index> step(ex, std::vector<Index>{kStep});
  RaggedBlock ragged(ex, c.lengths, behind);
  const AttentionDropout dropout{uid.view(), kSeed, kSite, step.view(), c.p};
  const std::array<Index, 4> four{N, 3, c.A, c.K};
  const std::array<Index, 3> three{N, c.A, c.K};
  attention(ex, {qkv.view<4>(four), ragged.view(), c.window, dropout, out.view<3>(three), lse.view<2>({N, c.A})});
  attention_backward(ex, {qkv.view<4>(four), ragged.view(), c.window, dropout, out.view<3>(three),
                          lse.view<2>({N, c.A}), dout.view<3>(three), dqkv.view<4>(four)});
  Result r{out.values(), lse.values(), dqkv.values()};
  r.lse.resize(static_cast<std::size_t>(c.N * c.A));
  return r;
}

oracle::Attention judge(const Case& one) {
  return {static_cast<std::size_t>(one.A),      static_cast<std::size_t>(one.K),
          static_cast<std::size_t>(one.N),      to_double(one.qkv),
          static_cast<std::size_t>(one.window), static_cast<double>(one.p),
          derive_key(kSeed, kStep, kSite),      one.uid[0]};
}

template <class To, class From>
void append(To& to, const From& from) {
  to.insert(to.end(), from.begin(), from.end());
}

void expect_agreement(Exec& ex, const Case& c, double looser = 1) {
  SCOPED_TRACE(testing::Message() << c.lengths.size() << " utterances of up to " << c.lengths[0] << " frames, " << c.A
                                  << " heads of " << c.K << ", window " << c.window << ", dropout " << c.p);
  std::vector<double> out, lse, dqkv;
  for (std::size_t u = 0; u < c.lengths.size(); ++u) {
    const Case one = c.alone(u);
    const oracle::Attention by = judge(one);
    const oracle::Attention::Forward f = by.forward();
    append(out, f.out);
    append(lse, f.lse);
    append(dqkv, by.backward(to_double(one.dout)));
  }
  const Result got = run(ex, c);
  EXPECT_REL_L2(got.out, out, 2e-6 * looser);
  EXPECT_REL_L2(got.lse, lse, 1e-6);
  EXPECT_REL_L2(got.dqkv, dqkv, 1e-5 * looser);
}

class AttentionOp : public OnEachDevice {};

TEST_P(AttentionOp, AgreesWithTheOracle) {
  expect_agreement(exec(), {{1}, 1, 32});
  expect_agreement(exec(), {{65, 33, 4, 1}, 2, 32});
  expect_agreement(exec(), {{130, 64}, 1, 64});
}

TEST_P(AttentionOp, DropsWhatTheOracleDrops) {
  expect_agreement(exec(), {{70, 5}, 2, 32, 0, 0.3f});
  expect_agreement(exec(), {{66}, 1, 64, 9, 0.5f});
}

TEST_P(AttentionOp, AWindowHidesTheRest) {
  for (const Index window : {1, 40, 64, 200}) expect_agreement(exec(), {{150, 67}, 1, 32, window});
}

// Each query sees the keys of its own utterance, whatever else is in the batch.
TEST_P(AttentionOp, AnUtteranceAloneGivesTheSameBits) {
  const Case c({80, 64, 3}, 2, 32, 20, 0.2f);
  const Result all = run(exec(), c);
  std::vector<float> out, dqkv;
  for (std::size_t u = 0; u < c.lengths.size(); ++u) {
    const Result one = run(exec(), c.alone(u));
    append(out, one.out);
    append(dqkv, one.dqkv);
  }
  EXPECT_BITWISE(out, all.out);
  EXPECT_BITWISE(dqkv, all.dqkv);
}

// Scores of hundreds would overflow if the largest were not subtracted. The relative error of
// a probability is the absolute error of its score: 300 x 6e-8.
TEST_P(AttentionOp, LargeScoresDoNotOverflow) {
  Case c({40}, 1, 32);
  for (float& v : c.qkv) v *= 8;
  expect_agreement(exec(), c, 10);
}

// A network that diverges must show it, not hide it.
TEST_P(AttentionOp, KeepsNaN) {
  for (const std::size_t part : {0, 1, 2}) {
    Case c({3}, 1, 32);
    c.qkv[(3 + part) * 32 + 5] = std::nanf("");  // of the second frame
    const Result got = run(exec(), c);
    EXPECT_TRUE(std::isnan(got.out[part == 2 ? 5 : 32])) << part;
    EXPECT_TRUE(std::any_of(got.dqkv.begin(), got.dqkv.end(), [](float v) { return std::isnan(v); })) << part;
  }
}

// Also where the first key that a query sees, the last one of its panel, is the one with NaN.
TEST_P(AttentionOp, KeepsNaNOfTheFirstKeyInAWindow) {
  for (const Index key : {63, 127}) {
    Case c({130}, 1, 32, 1);
    c.qkv[static_cast<std::size_t>((key * 3 + 1) * 32 + 5)] = std::nanf("");
    EXPECT_TRUE(std::isnan(run(exec(), c).out[static_cast<std::size_t>((key + 1) * 32)])) << key;
  }
}

TEST_P(AttentionOp, SameBitsForAnyThreadCount) {
  const Case c({200, 90, 1}, 2, 32, 0, 0.1f);
  const Result one = run(exec(), c);
  for (Exec& other : others()) {
    const Result many = run(other, c);
    EXPECT_BITWISE(many.out, one.out);
    EXPECT_BITWISE(many.lse, one.lse);
    EXPECT_BITWISE(many.dqkv, one.dqkv);
  }
}

TEST_P(AttentionOp, WrongShapesAreNamed) {
  Exec& ex = exec();
  Block<float> qkv(ex, Index{2 * 3 * 40}), out(ex, Index{80}), lse(ex, Index{2});
  RaggedBlock ragged(ex, {2});
  EXPECT_FAULT(
      attention(ex, {qkv.view<4>({2, 3, 1, 40}), ragged.view(), 0, {}, out.view<3>({2, 1, 40}), lse.view<2>({2, 1})}),
      Fault::internal, "attention.qkv: shape is [2,3,1,40] with a window of 0, expected [N,3,A,32]");
}

// On a GPU an array may have more rows than the batch has frames.
TEST(AttentionOpBehind, RowsAfterTheLastUtteranceAreZeroAndMatterToNone) {
  auto ex = exec_for(Device::gpu);
  if (!ex) GTEST_SKIP() << why_no_gpu();
  const Case c({30, 20}, 2, 32, 0, 0.1f);
  const Result plain = run(*ex, c), more = run(*ex, c, 37);
  for (const auto& [whole, part] : {std::pair(&more.out, &plain.out), std::pair(&more.dqkv, &plain.dqkv)}) {
    const auto size = static_cast<std::ptrdiff_t>(part->size());
    EXPECT_BITWISE(std::vector<float>(whole->begin(), whole->begin() + size), *part);
    EXPECT_TRUE(std::all_of(whole->begin() + size, whole->end(), [](float v) { return v == 0; }));
  }
}

// The oracle's gradients are the limits of its differences.
TEST(AttentionOracle, SlopesAreThoseOfTheValues) {
  const Case c({5}, 2, 32, 3, 0.25f);
  oracle::Attention by = judge(c);
  const std::vector<double> dout = to_double(c.dout), slopes = by.backward(dout);
  const auto goal = [&] {
    double sum = 0;
    const std::vector<double> out = by.forward().out;
    for (std::size_t i = 0; i < out.size(); ++i) sum += out[i] * dout[i];
    return sum;
  };
  for (std::size_t i = 0; i < by.qkv.size(); i += 7) {
    const double at = by.qkv[i], h = 1e-5;
    by.qkv[i] = at + h;
    const double above = goal();
    by.qkv[i] = at - h;
    EXPECT_NEAR(slopes[i], (above - goal()) / (2 * h), 1e-8) << i;
    by.qkv[i] = at;
  }
}

CUTRACT_ON_EACH_DEVICE(AttentionOp);

}  // namespace
}  // namespace cutract::test
