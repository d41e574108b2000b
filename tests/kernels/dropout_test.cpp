#include "kernels/dropout.h"

#include <numeric>

#include "tests/kernels/on_each_device.h"
#include "tests/oracle/dropout.h"
#include "tests/support/support.h"

namespace cutract::test {
namespace {

constexpr std::uint64_t kSeed = 0x0123456789abcdef, kLayer = 1;
constexpr Index kStep = 5'000'000'000;
const std::uint64_t kKey = derive_key(kSeed, kStep, kLayer);  // its derivation is tested in tests/core/philox_test.cpp

struct Batch {
  std::vector<std::int32_t> lengths;
  std::vector<std::uint32_t> uid;
  Index C;
  Index N() const { return std::accumulate(lengths.begin(), lengths.end(), Index{0}); }
};

std::vector<float> run(Exec& ex, const Batch& b, const std::vector<float>& x, float p, Index step = kStep) {
  RaggedBlock ragged(ex, b.lengths);
  Block<float> in(ex, x), out(ex, b.N() * b.C);
  Block<std::uint32_t> uid(ex, b.uid);
  Block<Index> steps(ex, std::vector{step});
  dropout(ex, {in.view<2>({b.N(), b.C}), ragged.view(), uid.view(), kSeed, kLayer, steps.view(), p,
               out.view<2>({b.N(), b.C})});
  return out.values();
}

std::vector<float> ones(const Batch& b) { return std::vector<float>(static_cast<std::size_t>(b.N() * b.C), 1.0f); }

class Dropout : public OnEachDevice {};

TEST_P(Dropout, MasksAreThoseOfTheOracle) {
  Rng rng(71);
  for (const Index C : {1, 3, 4, 63, 64, 65, 256, 257})
    for (const float p : {0.1f, 0.5f, 0.9f}) {
      const Batch b{{7, 3, 1}, {4'000'000'000u, 0, 17}, C};
      const std::vector<float> x = rng.normals(b.N() * C), y = run(exec(), b, x, p);
      std::vector<float> want;
      for (std::size_t u = 0; u < 3; ++u)
        for (std::int32_t t = 0; t < b.lengths[u]; ++t)
          for (Index c = 0; c < C; ++c) {
            const bool keep =
                oracle::dropout_keeps(kKey, b.uid[u], static_cast<std::uint64_t>(t), static_cast<std::uint64_t>(c), p);
            want.push_back(x[want.size()] * (keep ? 1.0f / (1.0f - p) : 0.0f));
          }
      ASSERT_TRUE(same_bits(y, want)) << "C " << C << ", p " << p;
    }
}

// The mask depends on the utterance alone, not on its place in the batch or on the other utterances.
TEST_P(Dropout, IsIndependentOfTheBatch) {
  const Batch together{{9, 6, 6, 2}, {5, 8, 2, 11}, 20}, swapped{{9, 6, 6, 2}, {5, 2, 8, 11}, 20};
  const std::vector<float> y = run(exec(), together, ones(together), 0.4f);
  const std::vector<float> z = run(exec(), swapped, ones(swapped), 0.4f);
  const auto part = [](const std::vector<float>& v, int first, int frames) {
    return std::vector<float>(v.begin() + first * 20, v.begin() + (first + frames) * 20);
  };
  EXPECT_BITWISE(part(z, 9, 6), part(y, 15, 6));
  EXPECT_BITWISE(part(z, 15, 6), part(y, 9, 6));
  const Batch alone{{6}, {8}, 20};
  EXPECT_BITWISE(run(exec(), alone, ones(alone), 0.4f), part(y, 9, 6));
  const Batch cut{{3}, {5}, 20};  // the first frames of an utterance get the mask of its first frames
  EXPECT_BITWISE(run(exec(), cut, ones(cut), 0.4f), part(y, 0, 3));
}

TEST_P(Dropout, OtherKeysUtterancesFramesAndColumnsDiffer) {
  const Batch b{{2, 2}, {1, 2}, 400};
  const std::vector<float> y = run(exec(), b, ones(b), 0.5f), z = run(exec(), b, ones(b), 0.5f, kStep + 1);
  const auto agreement = [](const float* a, const float* c) {
    int same = 0;
    for (int i = 0; i < 400; ++i) same += a[i] == c[i];
    return same;  // 200 expected, standard deviation 10
  };
  EXPECT_NEAR(agreement(y.data(), y.data() + 400), 200, 50) << "frames";
  EXPECT_NEAR(agreement(y.data(), y.data() + 800), 200, 50) << "utterances";
  EXPECT_NEAR(agreement(y.data(), z.data()), 200, 50) << "keys";
  EXPECT_NEAR(agreement(y.data(), y.data() + 1), 200, 50) << "columns";
}

TEST_P(Dropout, DropsAtTheRateAskedForAndKeepsTheMean) {
  const Batch b{{1000}, {3}, 300};
  for (const float p : {0.05f, 0.2f, 0.5f, 0.8f}) {
    const std::vector<float> y = run(exec(), b, ones(b), p);
    const auto n = static_cast<double>(y.size());
    const auto dropped = static_cast<double>(std::count(y.begin(), y.end(), 0.0f));
    const double q = static_cast<double>(p), deviation = std::sqrt(q * (1 - q) / n);
    EXPECT_NEAR(dropped / n, q, 5 * deviation);
    EXPECT_NEAR(std::accumulate(y.begin(), y.end(), 0.0) / n, 1, 5 * deviation / (1 - q));
  }
}

TEST_P(Dropout, OfProbabilityZeroIsTheIdentity) {
  Rng rng(72);
  const Batch b{{5, 2}, {1, 2}, 33};
  const std::vector<float> x = rng.normals(b.N() * b.C);
  EXPECT_BITWISE(run(exec(), b, x, 0.0f), x);
}

// Backward is the same call on dy, so it must drop the same elements as forward. It may also work in place.
TEST_P(Dropout, BackwardHasTheMaskOfForward) {
  Rng rng(73);
  const Batch b{{8, 5}, {6, 4}, 50};
  const std::vector<float> x = rng.normals(b.N() * b.C), dy = rng.normals(b.N() * b.C);
  const std::vector<float> y = run(exec(), b, x, 0.3f), dx = run(exec(), b, dy, 0.3f);
  for (std::size_t i = 0; i < y.size(); ++i) EXPECT_EQ(y[i] == 0, dx[i] == 0) << i;

  RaggedBlock ragged(exec(), b.lengths);
  Block<std::uint32_t> uid(exec(), b.uid);
  Block<float> both(exec(), dy);
  const View<float, 2> v = both.view<2>({b.N(), b.C});
  Block<Index> steps(exec(), std::vector{kStep});
  dropout(exec(), {v, ragged.view(), uid.view(), kSeed, kLayer, steps.view(), 0.3f, v});
  EXPECT_BITWISE(both.values(), dx);
}

TEST_P(Dropout, SameBitsForAnyThreadCount) {
  const Batch b{{90, 40, 40, 3, 1}, {1, 2, 3, 4, 5}, 77};
  const std::vector<float> one = run(exec(), b, ones(b), 0.5f);
  for (Exec& other : others()) EXPECT_BITWISE(run(other, b, ones(b), 0.5f), one);
}

TEST_P(Dropout, WrongShapesAreNamed) {
  const Batch b{{3}, {1, 2}, 4};
  EXPECT_FAULT(run(exec(), b, ones(b), 0.5f), Fault::internal, "dropout.uid: shape is [2], expected [1]");
}

CUTRACT_ON_EACH_DEVICE(Dropout);

}  // namespace
}  // namespace cutract::test
