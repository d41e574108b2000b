#include "features/extractor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <numbers>
#include <ostream>
#include <string>
#include <vector>

#include "kernels/frontend/dct.h"
#include "kernels/frontend/deltas.h"
#include "kernels/frontend/mel.h"
#include "kernels/frontend/splice.h"
#include "tests/features/settings.h"
#include "tests/oracle/mel.h"
#include "tests/support/support.h"

namespace cutract {
namespace {

using test::Case;
using test::cases;
using test::signal;
using test::with;

Matrix extract(const FeatureConfig& c, const std::vector<float>& x, int threads = 1) {
  Exec ex{CpuExec(threads)};
  return features_of(ex, Extractor(c), x).matrix(ex);
}

class EachSetting : public testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(Features, EachSetting, testing::ValuesIn(cases()),
                         [](const auto& param) { return param.param.name; });

// 1e-5 corresponds to a few roundings to float of values up to 100.
TEST_P(EachSetting, MatchesTheDoubleOracle) {
  const FeatureConfig& c = GetParam().config;
  const double bound = c.kind == FeatureKind::mfcc ? 5e-5 : 1e-5;
  for (const char* kind : {"loud", "quiet", "steps", "tone", "silence"}) {
    const auto x = signal(kind, 3001);
    EXPECT_MAX_ABS(extract(c, x).values, oracle::flat(oracle::features(c, x)), bound) << kind;
  }
}

// The maximum that db and whisper refer to is that of the utterance, whichever frame it is in: here it is in the last
// of several tiles.
TEST_P(EachSetting, MatchesTheDoubleOracleWhereItIsLoudAtTheEnd) {
  const FeatureConfig& c = GetParam().config;
  std::vector<float> x = signal("silence", 24000);
  const std::vector<float> loud = signal("loud", 800);
  std::copy(loud.begin(), loud.end(), x.end() - 800);
  EXPECT_MAX_ABS(extract(c, x).values, oracle::flat(oracle::features(c, x)), c.kind == FeatureKind::mfcc ? 5e-5 : 1e-5);
}

// Includes signals shorter than a frame or than the padding, of one sample, and empty.
TEST_P(EachSetting, MatchesTheDoubleOracleAtAnyLength) {
  const FeatureConfig& c = GetParam().config;
  for (const Index S :
       {0, 1, 2, 3, 39, 40, 79, 80, 81, 159, 160, 199, 200, 201, 255, 257, 399, 400, 511, 513, 561, 720}) {
    const auto x = signal("quiet", S);
    const Matrix got = extract(c, x);
    const oracle::Rows want = oracle::features(c, x);
    ASSERT_EQ(got.rows, static_cast<Index>(want.size())) << "S = " << S;
    EXPECT_MAX_ABS(got.values, oracle::flat(want), 5e-5) << "S = " << S;
  }
}

TEST_P(EachSetting, CountsFramesAsTheyAreCut) {
  const Extractor extractor(GetParam().config);
  for (Index S = 0; S <= 2000; ++S) {
    const oracle::Cut want = oracle::cut(GetParam().config, std::vector<float>(static_cast<std::size_t>(S)));
    ASSERT_EQ(extractor.frames(S), static_cast<Index>(want.start.size())) << "S = " << S;
  }
}

TEST_P(EachSetting, GivesTheSameBitsOnAnyNumberOfThreads) {
  const auto x = signal("loud", 47123);
  const Matrix one = extract(GetParam().config, x);
  EXPECT_EQ(one.cols, Extractor(GetParam().config).dim());
  for (const int threads : {2, 3, 8}) EXPECT_EQ(extract(GetParam().config, x, threads).values, one.values) << threads;
}

// Compares frame 0 and the step with the cuts of the oracle: for a signal that is one click in the middle of window k,
// the loudest frame is the one whose centre time is nearest to the click.
TEST_P(EachSetting, SaysWhereTheFramesAre) {
  const FeatureConfig& c = GetParam().config;
  const Extractor extractor(c);
  const oracle::Cut cut = oracle::cut(c, std::vector<float>(4000));
  const int pad = c.framing == Framing::snip    ? 0
                  : c.framing == Framing::cover ? c.win_samples + c.hop_samples
                                                : c.n_fft / 2;
  for (const std::size_t k : {std::size_t{0}, std::size_t{1}, cut.start.size() - 1}) {
    const double middle = (cut.start[k] - pad + c.win_samples / 2.0) / c.sample_rate;
    EXPECT_NEAR(extractor.first_centre_s() + static_cast<double>(k) * extractor.step_s(), middle,
                1.0 / c.sample_rate)  // the centre of an odd window or FFT is off by half a sample
        << "frame " << k;
  }
}

// A window over the same samples gives the same bits, whichever frame of the utterance it is.
TEST(Extractor, AFrameDependsOnItsSamplesAlone) {
  for (const auto& [n_fft, win, hop] : {std::array{512, 400, 160}, {405, 401, 101}, {211, 199, 80}}) {
    const FeatureConfig c = with("kaldi", [&, n = n_fft, w = win, h = hop](auto& k) {
      k.n_fft = n;
      k.win_samples = w;
      k.hop_samples = h;
      k.n_mels = 19;
    });
    const auto x = signal("loud", 16000);
    const Matrix all = extract(c, x);
    for (int first = 1; first < 20; ++first) {
      const Matrix rest = extract(c, std::vector<float>(x.begin() + first * c.hop_samples, x.end()));
      ASSERT_EQ(rest.rows, all.rows - first);
      EXPECT_TRUE(std::equal(rest.values.begin(), rest.values.end(), all.row(first))) << "from frame " << first;
    }
  }
}

// Several frames are computed at once. The lanes after the last frame read loud samples here, and must not raise the
// limit.
TEST(Extractor, WhatNoFrameSeesChangesNothing) {
  const FeatureConfig c = with("librosa", [](auto& k) {
    k.framing = Framing::snip;
    k.top_db = 10;
  });
  for (int frames = 1; frames < 18; ++frames) {
    std::vector<float> x = signal("quiet", c.win_samples + (frames - 1) * c.hop_samples);
    x.insert(x.end(), static_cast<std::size_t>(c.hop_samples - 1), 0.9f);
    EXPECT_MAX_ABS(extract(c, x).values, oracle::flat(oracle::features(c, x)), 1e-5) << frames << " frames";
  }
}

TEST(Extractor, ResamplesAudioOfAnotherRate) {
  Exec ex{CpuExec(1)};
  const Extractor extractor(feature_preset("kaldi"));
  std::vector<float> at16, at48;
  for (int i = 0; i < 16000; ++i)
    at16.push_back(static_cast<float>(0.3 * std::sin(2 * std::numbers::pi * 1000 * i / 16000)));
  for (int i = 0; i < 48000; ++i)
    at48.push_back(static_cast<float>(0.3 * std::sin(2 * std::numbers::pi * 1000 * i / 48000)));
  const Matrix direct = features_of(ex, extractor, at16).matrix(ex),
               resampled = features_of(ex, extractor, Audio{48000, at48}).matrix(ex);
  ASSERT_EQ(resampled.rows, direct.rows);
  int loudest = 0;
  for (int m = 1; m < 80; ++m)
    if (direct.row(50)[m] > direct.row(50)[loudest]) loudest = m;
  EXPECT_NEAR(resampled.row(50)[loudest], direct.row(50)[loudest], 1e-3);
  EXPECT_EQ(features_of(ex, extractor, Audio{16000, at16}).matrix(ex).values, direct.values);
}

TEST(Extractor, HashIsOfTheSettings) {
  const Extractor a(feature_preset("librosa")), same(FeatureConfig{});
  EXPECT_EQ(a.hash(), same.hash());
  EXPECT_EQ(a.hash().size(), 64u);
  EXPECT_NE(a.hash(), Extractor(with("librosa", [](auto& c) { c.n_mels = 81; })).hash());
  EXPECT_NE(a.hash(), Extractor(feature_preset("whisper")).hash());
  // 0 and the number it stands for are the same setting
  EXPECT_EQ(a.hash(), Extractor(with("librosa", [](auto& c) { c.fmax_hz = 0; })).hash());
}

TEST(FeatureOps, RefuseWrongShapes) {
  Exec ex{CpuExec(1)};
  Matrix x(4, 6), y(4, 5);
  const std::vector<double> basis(18);
  EXPECT_FAULT(dct(ex, {x.view(), {basis.data(), {3, 6}}, y.view()}), Fault::internal,
               "dct.y: shape is [4,5], expected [4,3]");
  EXPECT_FAULT(deltas(ex, {x.view(), 2, y.view()}), Fault::internal, "deltas: n is 2, columns 6 to 5");
  Matrix wide(4, 20);
  EXPECT_FAULT(deltas(ex, {x.view(), 2, wide.view()}), Fault::internal, "deltas: n is 2, columns 6 to 20");
  EXPECT_FAULT(deltas(ex, {x.view(), 2, wide.view(), {}, 9, 1}), Fault::internal, "deltas: n is 2, columns 6 to 20");
  EXPECT_FAULT(deltas(ex, {x.view(), 2, wide.view(), {}, -1, 0}), Fault::internal, "deltas: n is 2, columns 6 to 20");
  EXPECT_FAULT(splice(ex, {x.view(), Matrix(4, 12).view()}), Fault::internal, "splice.y: has 12 columns");
  EXPECT_FAULT(splice(ex, {x.view(), Matrix(3, 18).view()}), Fault::internal,
               "splice.y: shape is [3,18], expected [4,18]");

  const std::vector<double> window(8, 1.0), weight(2, 1.0), roots(32);
  const std::vector<std::int32_t> bin = {4}, offset = {0, 2};
  Matrix out(1, 1);
  MelArgs a;
  a.window = {window.data(), {8}};
  a.filter_bin = {bin.data(), {1}};
  a.filter_offset = {offset.data(), {2}};
  a.filter_weight = {weight.data(), {2}};
  a.n_fft = 8;
  a.hop = 4;
  a.out = out.view();
  EXPECT_FAULT(mel(ex, a), Fault::internal, "mel.roots: shape is [0,0], expected [8,2]");
  a.roots = {roots.data(), {8, 2}};
  EXPECT_FAULT(mel(ex, a), Fault::internal, "filter 0 reaches beyond the spectrum");
  a.n_fft = 7;
  EXPECT_FAULT(mel(ex, a), Fault::internal, "window 8, n_fft 7");
  a.n_fft = 16;
  a.edge = Edge::reflect;
  EXPECT_FAULT(mel(ex, a), Fault::internal, "mel.samples: utterance 0 is empty");
}

}  // namespace
}  // namespace cutract
