// The features of a long recording, part by part, are those of the whole.
#include "features/recording_features.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "features/clipped_samples.h"
#include "tests/features/settings.h"
#include "tests/support/support.h"

namespace cutract {
namespace {

// Noise whose level rises by 86 dB to one loud place, so that the range below the maximum matters everywhere else. The
// place is early: the maximum is then not in the last of several parts.
std::vector<float> recording(Index samples) {
  test::Rng rng(23);
  std::vector<float> x = rng.normals(samples);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double apart = (static_cast<double>(i) - 0.3 * static_cast<double>(x.size())) / 4000;
    x[i] *= static_cast<float>(1e-5 + 0.2 * std::exp(-apart * apart));
  }
  return x;
}

class PartByPart : public testing::TestWithParam<test::Case> {};

TEST_P(PartByPart, TheFeaturesHaveTheBitsOfTheWhole) {
  Exec ex{CpuExec(2)};
  FeatureConfig c = GetParam().config;
  for (const int more : {0, 1}) {
    c.deltas = more * 2;
    c.context = more * 3;
    const Extractor extractor(c);
    const std::vector<float> x = recording(23456);
    const Matrix whole = features_of(ex, extractor, x).matrix(ex);
    RecordingFeatures features(ex, extractor, sound_of(x), 50);
    ASSERT_FALSE(features.kept());
    ASSERT_EQ(features.rows(), whole.rows);
    for (const Index rows : {Index{1}, Index{37}, whole.rows})
      for (Index at = 0; at < whole.rows; at += rows) {
        const Index here = std::min(rows, whole.rows - at);
        const Matrix part = features.part(ex, at, here).matrix(ex);
        ASSERT_EQ(part.cols, whole.cols);
        ASSERT_TRUE(std::equal(part.values.begin(), part.values.end(), whole.row(at)))
            << "rows " << at << " to " << at + here << ", deltas " << c.deltas;
        if (rows == 1 && at > 40) at += 17;  // single rows far from the ends are all alike
      }
  }
}
INSTANTIATE_TEST_SUITE_P(Settings, PartByPart, testing::ValuesIn(test::cases()),
                         [](const auto& of) { return of.param.name; });

TEST(RecordingFeatures, MeasuresAsTheWhole) {
  Exec ex{CpuExec(2)};
  const Extractor extractor(FeatureConfig{});
  std::vector<float> x = recording(16000 * 60);
  std::fill(x.begin() + 3000, x.begin() + 9000, 0.0f);
  const Heard want = measure(ex, features_of(ex, extractor, x), extractor.config());
  RecordingFeatures features(ex, extractor, sound_of(x), 50);
  const Heard got = features.measure(ex);
  EXPECT_EQ(got.frames, want.frames);
  EXPECT_EQ(got.sounding.frames, want.sounding.frames);
  EXPECT_LE(test::rel_l2(got.sounding.mean, want.sounding.mean), 1e-12);
  EXPECT_LE(test::rel_l2(got.sounding.square, want.sounding.square), 1e-12);
}

TEST(RecordingFeatures, AShortRecordingIsKept) {
  Exec ex{CpuExec(1)};
  const Extractor extractor(FeatureConfig{});
  const std::vector<float> x = recording(8000);
  RecordingFeatures features(ex, extractor, sound_of(x), extractor.frames(8000));
  EXPECT_TRUE(features.kept());
  EXPECT_EQ(features.part(ex, 0, features.rows()).matrix(ex).values, features_of(ex, extractor, x).matrix(ex).values);
  RecordingFeatures none(ex, extractor, sound_of({}), 10);
  EXPECT_EQ(none.rows(), extractor.frames(0));
}

// A run that spans blocks counts as one.
TEST(ClippedSamples, DoNotDependOnTheBlocks) {
  const std::vector<float> x{0.1f, 0.5f, 0.5f, 0.5f, 0.5f, 0.2f, 1.0f, -0.5f, -0.5f, -0.5f, 0.5f, 0.5f};
  const std::vector<float> flat{0.1f, 0.5f, 0.5f, 0.5f, 0.5f, 0.2f, 0.0f, -0.3f, -0.3f, -0.3f, 0.5f, 0.5f};
  const auto clipped = [](std::span<const float> v, std::size_t block) {
    ClippedSamples c;
    for (std::size_t i = 0; i < v.size(); i += block) c.find_extremes(v.subspan(i, std::min(block, v.size() - i)));
    for (std::size_t i = 0; i < v.size(); i += block) c.count(v.subspan(i, std::min(block, v.size() - i)));
    return c.total();
  };
  for (const std::size_t block : {1u, 2u, 3u, 5u, 12u}) {
    EXPECT_EQ(clipped(x, block), 1 + 3) << block;     // full scale, and the run at the minimum
    EXPECT_EQ(clipped(flat, block), 4 + 3) << block;  // the runs at both extremes
  }
}

}  // namespace
}  // namespace cutract
