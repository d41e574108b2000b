// Recordings that differ from the training data are named, and statistics follow what is heard.
#include "features/unlike.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "features/extractor.h"
#include "features/recording_features.h"
#include "tests/support/support.h"

namespace cutract {
namespace {

constexpr int kRate = 16000;

// Bursts of coloured noise with pauses of much quieter noise, as speech has them.
std::vector<float> speech(std::uint64_t seed, double seconds = 4) {
  test::Rng rng(seed);
  std::vector<float> x(static_cast<std::size_t>(seconds * kRate));
  double before = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double t = static_cast<double>(i) / kRate;
    const double loudness = 0.002 + 0.05 * std::pow(std::sin(3.1 * t), 4);
    before = 0.5 * before + rng.normal();
    x[i] = static_cast<float>(loudness * before);
  }
  return x;
}

std::vector<float> scaled(std::vector<float> x, float by) {
  for (float& v : x) v *= by;
  return x;
}

class Unlike : public testing::Test {
 protected:
  Unlike() {
    const Matrix rows = features_of(ex_, extractor_, speech(1, 20)).matrix(ex_);
    Frames there(ex_, rows);
    const Normaliser::Part part{"", there.view()};
    training_ = Normaliser::fit(ex_, Scope::corpus, {&part, 1});
  }
  Heard heard(const std::vector<float>& x) {
    const Frames features = features_of(ex_, extractor_, x);
    Heard heard = measure_samples(sound_of(x));
    heard.merge(measure(ex_, features, extractor_.config()));
    return heard;
  }
  // All phrases in one text.
  std::string said(const std::vector<float>& x) {
    std::string out;
    for (const std::string& s : unlike_training(heard(x), training_.statistics(""), extractor_.config()))
      out += s + "|";
    return out;
  }
  // Normalised by what is heard.
  std::vector<float> adapted(const std::vector<float>& x) {
    const Frames features = features_of(ex_, extractor_, x);
    Normaliser by = training_;
    const FeatureConfig& c = extractor_.config();
    by.adapt("", measure(ex_, features, c).sounding, enough_frames(c), level_columns(c));
    const Normaliser::Part part{"", features.view()};
    by.apply(ex_, {&part, 1});
    return features.matrix(ex_).values;
  }
  Exec ex_{CpuExec(1)};
  Extractor extractor_{FeatureConfig{}};
  Normaliser training_;
};

TEST_F(Unlike, AnOrdinaryRecordingIsNotNamed) {
  EXPECT_EQ(said(speech(2)), "");
  EXPECT_EQ(said(scaled(speech(2), 1.4f)), "") << "3 dB";
}

TEST_F(Unlike, LevelIsNamedInDecibels) {
  EXPECT_NE(said(scaled(speech(2), 0.1f)).find("20 dB quieter than the training data"), std::string::npos);
  EXPECT_NE(said(scaled(speech(2), 3.1623f)).find("10 dB louder"), std::string::npos);
}

TEST_F(Unlike, SamplesBeyondFullScaleAndClippedOnesAreNamed) {
  EXPECT_NE(said(scaled(speech(2), 32768)).find("times full scale"), std::string::npos);
  std::vector<float> clipped = scaled(speech(2), 30);
  for (float& v : clipped) v = std::min(1.0f, std::max(-1.0f, v));
  EXPECT_NE(said(clipped).find("of the samples are clipped"), std::string::npos);
  EXPECT_NE(said(scaled(clipped, 0.5f)).find("of the samples are clipped"), std::string::npos)
      << "and then made quieter";
}

TEST_F(Unlike, SilenceIsNamed) {
  std::vector<float> half = speech(2);
  std::fill(half.begin(), half.begin() + static_cast<std::ptrdiff_t>(half.size() / 2), 0.0f);
  EXPECT_NE(said(half).find("% of it is digital silence"), std::string::npos);
  EXPECT_EQ(said(half).find("dB"), std::string::npos) << "silence says nothing about the level of the rest";
  EXPECT_EQ(said(std::vector<float>(16000)), "it is silent throughout|");
}

TEST_F(Unlike, AnEmptyBandIsNamed) {
  std::vector<float> narrow(speech(2));
  std::vector<float> smooth(narrow);
  for (int pass = 0; pass < 12; ++pass) {  // 16 dB less at 2 kHz, 72 dB at 4 kHz
    for (std::size_t i = 1; i + 1 < narrow.size(); ++i)
      smooth[i] = 0.25f * narrow[i - 1] + 0.5f * narrow[i] + 0.25f * narrow[i + 1];
    narrow = smooth;
  }
  EXPECT_NE(said(narrow).find("nothing above about "), std::string::npos) << said(narrow);
}

TEST_F(Unlike, BackgroundNoiseIsNamed) {
  test::Rng rng(5);
  std::vector<float> noisy = speech(2);
  for (float& v : noisy) v += static_cast<float>(0.2 * rng.normal());
  EXPECT_NE(said(noisy).find("as with background noise"), std::string::npos) << said(noisy);
  noisy.resize(kRate);
  EXPECT_EQ(said(noisy).find("as with background noise"), std::string::npos) << "a second may be a single vowel";
}

TEST_F(Unlike, ARecordingAtTheLevelOfTheTrainingIsLikeIt) {
  const FeatureConfig& c = extractor_.config();
  const Heard ordinary = heard(speech(2)), quiet = heard(scaled(speech(2), 0.1f));
  const Normaliser::Stats& training = training_.statistics("");
  const double level = level_beside_training(quiet, training, c);
  EXPECT_NEAR(level - level_beside_training(ordinary, training, c), -20, 0.5);
  EXPECT_FALSE(unlike_training(quiet, training, c).empty());
  EXPECT_EQ(unlike_training(lowered(quiet, level, c), training, c), std::vector<std::string>{});
}

TEST_F(Unlike, OwnStatisticsDoNotDependOnTheLevel) {
  const std::vector<float> loud = adapted(speech(2)), quiet = adapted(scaled(speech(2), 0.1f));
  EXPECT_MAX_ABS(quiet, loud, 1e-3);
  const std::vector<float> short_loud = adapted(speech(2, 0.5)), short_quiet = adapted(scaled(speech(2, 0.5), 0.1f));
  EXPECT_MAX_ABS(short_quiet, short_loud, 1e-3);
}

TEST_F(Unlike, SilentFramesAndDeadColumnsDoNotSpoilTheStatistics) {
  std::vector<float> x = speech(2);
  const Heard alone = heard(x);
  x.insert(x.end(), x.size(), 0.0f);
  const Heard padded = heard(x);
  EXPECT_NEAR(static_cast<double>(padded.sounding.frames), static_cast<double>(alone.sounding.frames), 3);
  EXPECT_NEAR(padded.sounding.mean[40], alone.sounding.mean[40], 0.5);
  for (const float v : adapted(std::vector<float>(16000))) EXPECT_TRUE(std::isfinite(v));
}

}  // namespace
}  // namespace cutract
