#include "host/core/philox.h"

#include <algorithm>
#include <set>

#include "tests/oracle/dropout.h"
#include "tests/support/support.h"

namespace cutract {
namespace {

// The known answers published with the algorithm (Random123, philox4x32 with 10 rounds): zeros, ones, digits of pi.
struct Known {
  std::array<std::uint32_t, 4> counter;
  std::array<std::uint32_t, 2> key;
  std::array<std::uint32_t, 4> answer;
};
constexpr Known kKnown[] = {
    {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
    {{~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
    {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
     {0xa4093822, 0x299f31d0},
     {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
};

TEST(Philox, GivesTheKnownAnswers) {
  for (const auto& k : kKnown) {
    const Philox4 got =
        philox(std::uint64_t{k.key[1]} << 32 | k.key[0], {{k.counter[0], k.counter[1], k.counter[2], k.counter[3]}});
    const oracle::Words same =
        oracle::philox4x32_10({k.counter[0], k.counter[1], k.counter[2], k.counter[3]}, {k.key[0], k.key[1]});
    for (std::size_t i = 0; i < 4; ++i) {
      EXPECT_EQ(got.v[i], k.answer[i]);
      EXPECT_EQ(same[i], k.answer[i]);
    }
  }
}

TEST(Philox, AgreesWithTheOracle) {
  PhiloxStream any(5);
  for (int n = 0; n < 1000; ++n) {
    const std::uint64_t key = std::uint64_t{any.next()} << 32 | any.next();
    const Philox4 counter{{any.next(), any.next(), any.next(), any.next()}}, got = philox(key, counter);
    const oracle::Words want =
        oracle::philox4x32_10({counter.v[0], counter.v[1], counter.v[2], counter.v[3]}, {key & 0xffffffff, key >> 32});
    for (std::size_t i = 0; i < 4; ++i) ASSERT_EQ(got.v[i], want[i]);
  }
}

TEST(Philox, UniformIsInTheHalfOpenUnitInterval) {
  EXPECT_EQ(uniform(0), 0.0f);
  EXPECT_EQ(uniform(255), 0.0f);
  EXPECT_EQ(uniform(256), 0x1p-24f);
  EXPECT_EQ(uniform(0x80000000u), 0.5f);
  EXPECT_EQ(uniform(~0u), 1 - 0x1p-24f);
  EXPECT_LT(uniform(~0u), 1.0f);
}

TEST(Philox, AStreamIsTheBlocksInOrder) {
  PhiloxStream s(0x299f31d0a4093822);
  for (std::uint32_t block = 0; block < 5; ++block) {
    const Philox4 want = philox(0x299f31d0a4093822, {{block, 0, 0, 0}});
    for (const auto w : want.v) EXPECT_EQ(s.next(), w);
  }
}

TEST(Philox, BelowIsEvenAndNeverReachesItsBound) {
  PhiloxStream s(7);
  EXPECT_EQ(s.below(1), 0u);
  for (const std::uint64_t n : {2, 3, 7, 10}) {
    std::vector<int> counts(n);
    for (int i = 0; i < 10'000; ++i) {
      const std::uint64_t v = s.below(n);
      ASSERT_LT(v, n);
      ++counts[v];
    }
    const double expected = 10'000.0 / static_cast<double>(n);
    for (const int c : counts) EXPECT_NEAR(c, expected, 5 * std::sqrt(expected));
  }
  for (int i = 0; i < 100; ++i) EXPECT_LT(s.below(0xffffffffffffffff), 0xffffffffffffffff);
  // Two thirds of 2^64: a plain remainder would take the lower half twice as often.
  int low = 0;
  for (int i = 0; i < 3000; ++i) low += s.below(0xaaaaaaaaaaaaaaaa) < 0x5555555555555555;
  EXPECT_NEAR(low, 1500, 5 * std::sqrt(750));
}

TEST(Philox, DerivedKeysAreDistinct) {
  std::set<std::uint64_t> keys;
  const std::uint64_t parts[] = {0, 1, 2, 1ull << 32, 1ull << 40};
  for (const auto seed : parts)
    for (const auto a : parts)
      for (const auto b : parts) keys.insert(derive_key(seed, a, b));
  EXPECT_EQ(keys.size(), 125u);
  EXPECT_EQ(derive_key(1, 2, 3), derive_key(1, 2, 3));
}

// The published values of FNV-1a, 64 bits: data order depends on it, so it may not change.
TEST(Philox, NameHashIsFnv1a) {
  EXPECT_EQ(name_hash(""), 0xcbf29ce484222325u);
  EXPECT_EQ(name_hash("a"), 0xaf63dc4c8601ec8cu);
  EXPECT_EQ(name_hash("foobar"), 0x85944171f73967e8u);
  EXPECT_NE(name_hash("utt1"), name_hash("utt2"));
}

}  // namespace
}  // namespace cutract
