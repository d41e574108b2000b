#include "kernels/normalise.h"

#include <cmath>

#include "kernels/column_moments.h"
#include "tests/kernels/on_each_device.h"
#include "tests/oracle/metrics.h"
#include "tests/support/support.h"

namespace cutract::test {
namespace {

// Utterances of C columns, stored apart from each other in memory.
struct Case {
  std::vector<std::int32_t> frames;
  Index C;
  std::vector<std::vector<float>> rows;
};

Case random_case(const std::vector<std::int32_t>& frames, Index C, double mean) {
  Rng rng(67);
  Case c{frames, C, {}};
  for (const auto T : frames) {
    c.rows.push_back(rng.normals(T * C, 0.5));
    for (float& v : c.rows.back()) v += static_cast<float>(mean);
  }
  return c;
}

// The same utterances in the device's memory, at the places given by `at`.
struct There {
  std::vector<Block<float>> rows;
  std::vector<float*> at;
  There(Exec& ex, const Case& c) {
    for (const auto& r : c.rows) rows.emplace_back(ex, r);
    for (std::size_t u = 0; u < rows.size(); ++u) at.push_back(rows[u].view().data);
  }
};

struct Moments {
  std::vector<double> mean, square;
};

Moments moments(Exec& ex, const Case& c) {
  There there(ex, c);
  const Index U = std::ssize(c.frames);
  Block<float*> at(ex, there.at);
  Block<std::int32_t> frames(ex, c.frames);
  Block<double> mean(ex, U * c.C), square(ex, U * c.C);
  column_moments(ex, {at.view(), frames.view(), mean.view<2>({U, c.C}), square.view<2>({U, c.C})});
  return {mean.values(), square.values()};
}

class ColumnMoments : public OnEachDevice {};

// Includes a mean that is 2e5 times the deviation, for which a single pass over squares would keep at most five digits.
TEST_P(ColumnMoments, AgreeWithTheOracle) {
  double worst = 0;
  for (const double mean : {0.0, 1e5})
    for (const Index C : {1, 31, 80}) {
      const Case c = random_case({7, 0, 1, 300, 8, 9}, C, mean);
      const Moments got = moments(exec(), c);
      for (std::size_t u = 0; u < c.frames.size(); ++u)
        for (Index column = 0; column < C; ++column) {
          const auto at = static_cast<Index>(u) * C + column;
          const double m = got.mean[static_cast<std::size_t>(at)], s = got.square[static_cast<std::size_t>(at)];
          if (c.frames[u] == 0) {
            EXPECT_EQ(m, 0);
            EXPECT_EQ(s, 0);
            continue;
          }
          oracle::Sequence values;
          for (Index t = 0; t < c.frames[u]; ++t)
            values.push_back(static_cast<long double>(c.rows[u][static_cast<std::size_t>(t * C + column)]));
          const auto n = static_cast<double>(c.frames[u]);
          worst = std::max({worst, std::abs(m - static_cast<double>(oracle::mean(values))) / (1 + mean),
                            std::abs(std::sqrt(s / n) - static_cast<double>(oracle::population_std(values)))});
        }
    }
  RecordProperty("worst", std::to_string(worst));
  EXPECT_LT(worst, 1e-12);
}

TEST_P(ColumnMoments, ABadValueShows) {
  Case c = random_case({20, 5}, 3, 0);
  c.rows[0][4] = std::nanf("");
  const Moments got = moments(exec(), c);
  EXPECT_TRUE(std::isnan(got.square[1]));
  for (const std::size_t i : {0u, 2u, 3u, 4u, 5u}) EXPECT_TRUE(std::isfinite(got.square[i])) << i;
}

// Without the missing values the moments are those of a column without them.
TEST_P(ColumnMoments, SkipMissingValuesIfTheyAreCounted) {
  Case c = random_case({200, 9, 5}, 3, 7);
  Rng rng(5);
  for (auto& rows : c.rows)
    for (float& v : rows)
      if (rng.below(20) == 0) v = std::nanf("");
  for (std::size_t t = 0; t < 9; ++t) c.rows[1][t * 3 + 2] = std::nanf("");
  There there(exec(), c);
  Block<float*> at(exec(), there.at);
  Block<std::int32_t> frames(exec(), c.frames);
  Block<double> mean(exec(), Index{9}), square(exec(), Index{9});
  Block<Index> measured(exec(), Index{9});
  column_moments(exec(),
                 {at.view(), frames.view(), mean.view<2>({3, 3}), square.view<2>({3, 3}), measured.view<2>({3, 3})});
  for (std::size_t u = 0; u < 3; ++u)
    for (std::size_t column = 0; column < 3; ++column) {
      oracle::Sequence values;
      for (std::size_t t = 0; t < static_cast<std::size_t>(c.frames[u]); ++t)
        if (const float v = c.rows[u][t * 3 + column]; !std::isnan(v)) values.push_back(static_cast<long double>(v));
      const std::size_t i = u * 3 + column;
      ASSERT_EQ(measured.values()[i], std::ssize(values)) << i;
      if (values.empty()) {
        EXPECT_EQ(mean.values()[i], 0);
        EXPECT_EQ(square.values()[i], 0);
        continue;
      }
      EXPECT_NEAR(mean.values()[i], static_cast<double>(oracle::mean(values)), 1e-12) << i;
      EXPECT_NEAR(std::sqrt(square.values()[i] / static_cast<double>(values.size())),
                  static_cast<double>(oracle::population_std(values)), 1e-12)
          << i;
    }
}

TEST_P(ColumnMoments, SameBitsAgain) {
  const Case c = random_case({200, 64, 1}, 37, 3);
  const Moments one = moments(exec(), c);
  for (Exec& other : others()) {
    EXPECT_BITWISE(moments(other, c).mean, one.mean);
    EXPECT_BITWISE(moments(other, c).square, one.square);
  }
}

TEST_P(ColumnMoments, OfNothingAreNone) { EXPECT_TRUE(moments(exec(), random_case({}, 3, 0)).mean.empty()); }
CUTRACT_ON_EACH_DEVICE(ColumnMoments);

class Normalise : public OnEachDevice {};

// Equal bit for bit: a difference and a quotient in double, each rounded by IEEE 754, and one rounding to float.
TEST_P(Normalise, IsTheDefinition) {
  const Case c = random_case({70, 0, 1, 9, 300}, 37, 5);
  const std::vector<std::int32_t> group{1, 0, 2, 1, 0};
  Rng rng(3);
  std::vector<double> mean, std;
  for (int i = 0; i < 3 * 37; ++i) {
    mean.push_back(rng.normal());
    std.push_back(0.1 + std::abs(rng.normal()));
  }
  There there(exec(), c);
  Block<float*> at(exec(), there.at);
  Block<std::int32_t> frames(exec(), c.frames), groups(exec(), group);
  Block<double> means(exec(), mean), stds(exec(), std);
  normalise(exec(), {at.view(), frames.view(), groups.view(), means.view<2>({3, 37}), stds.view<2>({3, 37})});
  for (std::size_t u = 0; u < c.rows.size(); ++u) {
    std::vector<float> want;
    for (std::size_t i = 0; i < c.rows[u].size(); ++i) {
      const std::size_t k = static_cast<std::size_t>(group[u]) * 37 + i % 37;
      want.push_back(static_cast<float>((static_cast<double>(c.rows[u][i]) - mean[k]) / std[k]));
    }
    EXPECT_BITWISE(there.rows[u].values(), want);
  }
}
CUTRACT_ON_EACH_DEVICE(Normalise);

}  // namespace
}  // namespace cutract::test
