// Compares features with the results of librosa, torchaudio and Whisper's description in double precision
// (tests/golden/README.md).
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "features/extractor.h"
#include "tests/support/support.h"

namespace cutract {
namespace {

constexpr double kBound = 1e-4;  // largest absolute difference, in units of the preset's logarithm

std::vector<float> golden_signal(const std::string& name) {
  return test::golden("signals.safetensors").at(name, "signals").as_f32();
}

Matrix extract(const FeatureConfig& c, const std::string& signal) {
  Exec ex{CpuExec(1)};
  return features_of(ex, Extractor(c), golden_signal(signal)).matrix(ex);
}

// Compares the columns of the features, starting at `from`, with every tensor `feature.SIGNAL` of a golden file.
void expect_golden(const FeatureConfig& c, const std::string& file, const std::string& feature, Index from = 0) {
  const TensorFile golden = test::golden(file);
  int compared = 0;
  for (const auto& [name, tensor] : golden.tensors) {
    if (!name.starts_with(feature + ".")) continue;
    const Matrix got = extract(c, name.substr(feature.size() + 1));
    ASSERT_EQ(got.rows, tensor.shape.at(0)) << name;
    std::vector<float> columns;
    for (Index t = 0; t < got.rows; ++t)
      columns.insert(columns.end(), got.row(t) + from, got.row(t) + from + tensor.shape.at(1));
    EXPECT_MAX_ABS(columns, tensor.as_f64(), kBound) << file << " " << name;
    ++compared;
  }
  EXPECT_GT(compared, 0) << file << " has no " << feature;
}

FeatureConfig librosa_mfcc(int deltas) {
  FeatureConfig c = feature_preset("librosa");
  c.kind = FeatureKind::mfcc;
  c.deltas = deltas;
  return c;
}

TEST(GoldenFeatures, Librosa) {
  FeatureConfig c = feature_preset("librosa");
  expect_golden(c, "features_librosa.safetensors", "logmel");
  c.win_samples = 400;
  expect_golden(c, "features_librosa.safetensors", "logmel_win400");
}

TEST(GoldenFeatures, LibrosaMfccAndDeltas) {
  expect_golden(librosa_mfcc(0), "features_librosa.safetensors", "mfcc");
  expect_golden(librosa_mfcc(2), "features_librosa.safetensors", "delta1_replicate", 13);
  expect_golden(librosa_mfcc(2), "features_librosa.safetensors", "delta2_replicate", 26);
}

TEST(GoldenFeatures, Kaldi) {
  FeatureConfig c = feature_preset("kaldi");
  expect_golden(c, "features_kaldi.safetensors", "fbank");
  c.framing = Framing::cover;
  expect_golden(c, "features_kaldi.safetensors", "fbank_no_snip");
}

TEST(GoldenFeatures, KaldiMfcc) {
  FeatureConfig c = feature_preset("kaldi");
  c.kind = FeatureKind::mfcc;
  c.n_mels = 23;
  expect_golden(c, "features_kaldi.safetensors", "mfcc");
}

TEST(GoldenFeatures, Whisper) { expect_golden(feature_preset("whisper"), "features_whisper.safetensors", "logmel"); }

TEST(GoldenFeatures, StemE2va) {
  FeatureConfig c = feature_preset("librosa");
  c.win_samples = 400;
  c.framing = Framing::centre_reflect;
  c.log = LogScale::ln;
  c.log_offset = true;
  expect_golden(c, "features_stem.safetensors", "logmel");
}

TEST(GoldenFeatures, FrameCountsOfEveryLength) {
  const TensorFile golden = test::golden("frame_counts.safetensors");
  const auto expect_counts = [&](const std::string& name, const FeatureConfig& c) {
    const Extractor extractor(c);
    const auto want = golden.at(name, "frame_counts").as_i64();
    ASSERT_EQ(want.size(), 2001u);
    for (std::size_t S = 0; S < want.size(); ++S)
      EXPECT_EQ(extractor.frames(static_cast<Index>(S)), want[S]) << name << ", S = " << S;
  };
  FeatureConfig cover = feature_preset("kaldi");
  cover.framing = Framing::cover;
  expect_counts("librosa", feature_preset("librosa"));
  expect_counts("whisper", feature_preset("whisper"));
  expect_counts("kaldi_snip", feature_preset("kaldi"));
  expect_counts("kaldi_no_snip", cover);
}

}  // namespace
}  // namespace cutract
