#include "features/dataset/batcher.h"

#include <algorithm>
#include <map>
#include <set>

#include "tests/support/support.h"

namespace cutract {
namespace {

using Batches = std::vector<std::vector<int>>;
using Lengths = std::vector<std::int32_t>;

Lengths ragged(test::Rng& rng, int utterances, int longest) {
  Lengths out;
  for (int i = 0; i < utterances; ++i) out.push_back(1 + rng.below(longest));
  return out;
}

// Each utterance occurs once; no batch is empty or too large, at most one is not full, and all are sorted as
// documented.
void expect_a_partition(const Batches& batches, const Lengths& lengths, int batch_size) {
  std::multiset<int> seen;
  int shorter = 0;
  for (const auto& batch : batches) {
    ASSERT_GE(batch.size(), 1u);
    ASSERT_LE(batch.size(), static_cast<std::size_t>(batch_size));
    shorter += batch.size() < static_cast<std::size_t>(batch_size);
    seen.insert(batch.begin(), batch.end());
    for (std::size_t i = 1; i < batch.size(); ++i) {
      const int a = batch[i - 1], b = batch[i];
      ASSERT_TRUE(lengths[a] > lengths[b] || (lengths[a] == lengths[b] && a < b)) << a << " before " << b;
    }
  }
  EXPECT_LE(shorter, 1);
  ASSERT_EQ(seen.size(), lengths.size());
  int want = 0;
  for (const int i : seen) ASSERT_EQ(i, want++);
}

// Rows that a padded layout would need.
double padded(const Batches& batches, const Lengths& lengths) {
  double sum = 0;
  for (const auto& batch : batches) {
    std::int32_t longest = 0;
    for (const int i : batch) longest = std::max(longest, lengths[i]);
    sum += static_cast<double>(longest) * static_cast<double>(batch.size());
  }
  return sum;
}

TEST(Batcher, EveryUtteranceOnceForRandomInputs) {
  test::Rng rng(1);
  for (int trial = 0; trial < 400; ++trial) {
    const int n = rng.below(trial % 4 == 0 ? 600 : 70), size = 1 + rng.below(trial % 2 == 0 ? 4 : 40);
    const Lengths lengths = ragged(rng, n, trial % 3 == 0 ? 3 : 1000);  // with many ties, and with few
    const auto seed = static_cast<std::uint64_t>(trial);
    SCOPED_TRACE(testing::Message() << n << " utterances in batches of " << size);
    expect_a_partition(training_batches(lengths, size, seed, trial % 7, "hash"), lengths, size);
    expect_a_partition(ordered_batches(lengths, size), lengths, size);
    if (HasFailure()) return;
  }
}

TEST(Batcher, IsAPureFunctionOfSeedEpochAndManifest) {
  test::Rng rng(2);
  const Lengths lengths = ragged(rng, 131, 500);
  std::map<Batches, std::string> seen;
  for (const std::uint64_t seed : {0ull, 1ull, 2ull, 1ull << 40}) {
    for (const int epoch : {0, 1, 2, 17}) {
      for (const char* hash : {"a", "b", "0123456789abcdef"}) {
        const Batches once = training_batches(lengths, 8, seed, epoch, hash);
        (void)training_batches(lengths, 5, seed + 1, epoch + 1, hash);  // a call in between has no effect
        EXPECT_EQ(training_batches(lengths, 8, seed, epoch, hash), once);
        const std::string name = testing::PrintToString(std::make_tuple(seed, epoch, std::string(hash)));
        const auto [at, fresh] = seen.emplace(once, name);
        EXPECT_TRUE(fresh) << name << " gives the batches of " << at->second;
      }
    }
  }
}

// A run resumed with another build must see the same order, so the order is pinned.
TEST(Batcher, OrderIsPinned) {
  const Lengths lengths{5, 9, 2, 7, 7, 1, 8, 3};
  const Batches want = training_batches(lengths, 3, 42, 3, "manifest");
  EXPECT_EQ(testing::PrintToString(want), "{ { 1, 6, 3 }, { 2, 5 }, { 4, 0, 7 } }");
}

TEST(Batcher, LikeLengthsShareABatch) {
  test::Rng rng(3);
  Lengths lengths;
  double frames = 0;
  for (int i = 0; i < 1000; ++i) {  // utterances of 0.5 to 20 s, most of them short
    lengths.push_back(static_cast<std::int32_t>(50 + 1950 * std::pow(rng.uniform(), 3)));
    frames += lengths.back();
  }
  Batches unsorted;  // the result of cutting in manifest order
  for (int i = 0; i < 1000; ++i) {
    if (i % 16 == 0) unsorted.emplace_back();
    unsorted.back().push_back(i);
  }
  const double plain = padded(unsorted, lengths) / frames;
  for (int epoch = 0; epoch < 5; ++epoch) {
    const double bucketed = padded(training_batches(lengths, 16, 7, epoch, "hash"), lengths) / frames;
    EXPECT_GT(plain, 2.0) << "the lengths are not ragged enough to show anything";
    EXPECT_LT(bucketed, 0.6 * plain) << bucketed << " rows per frame, unsorted " << plain;  // 1.44 to 1.46, 3.02
  }
}

// Sorting must not always put the same utterances together: over epochs, each shares batches with many others.
TEST(Batcher, NeighboursChangeFromEpochToEpoch) {
  test::Rng rng(4);
  for (const int longest : {1, 1000}) {  // also where all lengths are equal
    const Lengths lengths = ragged(rng, 512, longest);
    std::set<int> met;
    for (int epoch = 0; epoch < 20; ++epoch) {
      for (const auto& batch : training_batches(lengths, 4, 11, epoch, "hash")) {
        if (std::find(batch.begin(), batch.end(), 0) != batch.end()) met.insert(batch.begin(), batch.end());
      }
    }
    EXPECT_GT(met.size(), 30u) << "of 60 places beside utterance 0";
  }
}

TEST(Batcher, BatchesDoNotComeLongestFirst) {
  test::Rng rng(5);
  const Lengths lengths = ragged(rng, 400, 1000);
  int falls = 0, pairs = 0;
  for (int epoch = 0; epoch < 10; ++epoch) {
    const Batches b = training_batches(lengths, 4, 1, epoch, "hash");
    for (std::size_t i = 1; i < b.size(); ++i) {
      falls += lengths[b[i - 1][0]] > lengths[b[i][0]];
      ++pairs;
    }
  }
  EXPECT_NEAR(falls / static_cast<double>(pairs), 0.5, 0.06);
}

TEST(Batcher, EvaluationOrderIsLongestFirst) {
  const Lengths lengths{3, 9, 9, 1, 4};
  EXPECT_EQ(ordered_batches(lengths, 2), (Batches{{1, 2}, {4, 0}, {3}}));
}

TEST(Batcher, EdgeSizes) {
  EXPECT_TRUE(training_batches({}, 4, 1, 0, "hash").empty());
  EXPECT_TRUE(ordered_batches({}, 4).empty());
  const Lengths one{7};
  EXPECT_EQ(training_batches(one, 4, 1, 0, "hash"), (Batches{{0}}));
  EXPECT_FAULT(training_batches(one, 4, 1, 0, "hash", 0), Fault::internal, "pool_batches is 0, expected at least 1");
  EXPECT_FAULT(training_batches(one, 0, 1, 0, "hash"), Fault::internal, "batch_size is 0, expected at least 1");
}

}  // namespace
}  // namespace cutract
