#include "features/dataset/dataset.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "host/io/audio.h"
#include "host/io/npy.h"
#include "tests/features/settings.h"
#include "tests/support/support.h"

namespace cutract {
namespace {

constexpr int kTrackRate = 1000;  // Hz
const std::vector<double> kEvents_s = {0.203, 0.451, 0.702};

// A pulse around each event, 40 ms wide at its base and linear between the track's samples, so interpolation is exact.
double pulse(double at_s) {
  double v = 0;
  for (const double event : kEvents_s) v = std::max(v, 1 - std::abs(at_s - event) / 0.02);
  return v;
}

Matrix on_host(const Frames& of_cpu) {
  Exec cpu{CpuExec(1)};
  return of_cpu.matrix(cpu);
}

// A corpus in a temporary folder; the content of the utterances can be changed.
class TinyCorpus {
 public:
  explicit TinyCorpus(int sample_rate) {
    corpus_.dir = folder_.path();
    corpus_.name = "tiny";
    corpus_.channels = {{"pulse", "mm"}, {"time", "s"}};
    corpus_.sample_rate = sample_rate;
    corpus_.articulation_rate_hz = kTrackRate;
  }
  // Clicks in the audio, pulses at the same times in channel 0 of the track, and the time itself in channel 1.
  void add(const std::string& id, double audio_s = 1, double track_s = 1, float poison = 0) {
    Audio audio{corpus_.sample_rate, std::vector<float>(static_cast<std::size_t>(audio_s * corpus_.sample_rate))};
    for (const double event : kEvents_s)
      if (const auto at = static_cast<std::size_t>(std::lround(event * corpus_.sample_rate)); at < audio.samples.size())
        audio.samples[at] = 0.9f;
    write_audio(folder_ / (id + ".wav"), audio);
    Matrix track(std::lround(track_s * kTrackRate), 2);
    for (Index t = 0; t < track.rows; ++t) {
      const double at_s = static_cast<double>(t) / kTrackRate;
      track.row(t)[0] = static_cast<float>(pulse(at_s)) + poison;
      track.row(t)[1] = static_cast<float>(at_s);
    }
    folder_.write(id + ".npy", encode_npy(track.view()));
    Utterance u;
    u.id = id;
    u.speaker = "s";
    u.split = "train";
    u.audio = id + ".wav";
    u.articulation = id + ".npy";
    u.line = static_cast<int>(corpus_.utterances.size()) + 2;
    corpus_.utterances.push_back(u);
  }
  const Corpus& corpus() const { return corpus_; }
  Utterance& last() { return corpus_.utterances.back(); }
  Dataset load(const FeatureConfig& c, bool skip_bad = false, int threads = 1,
               const std::function<void(int, int)>& loaded = {}) const {
    Exec ex{CpuExec(threads)};
    return load_dataset(ex, corpus_, "train", Extractor(c), skip_bad, loaded);
  }

 private:
  test::TempFolder folder_;
  Corpus corpus_;
};

FeatureConfig framed(const std::string& preset, Framing framing) {
  FeatureConfig c = feature_preset(preset);
  c.framing = framing;
  return c;
}

struct Framed {
  std::string name;
  FeatureConfig config;
  double first_s;  // centre of frame 0, computed by hand; frames are 10 ms apart
};
void PrintTo(const Framed& f, std::ostream* out) { *out << f.name; }

class EachFraming : public testing::TestWithParam<Framed> {};
INSTANTIATE_TEST_SUITE_P(Dataset, EachFraming,
                         testing::Values(Framed{"centre_zero", framed("librosa", Framing::centre_zero), 0},
                                         Framed{"centre_reflect", framed("librosa", Framing::centre_reflect), 0},
                                         Framed{"whisper", feature_preset("whisper"), 0},
                                         Framed{"snip", framed("kaldi", Framing::snip), 0.0125},
                                         Framed{"cover", framed("kaldi", Framing::cover), 0.005}),
                         [](const auto& param) { return param.param.name; });

// Returns the frame with the largest value(frame) among those whose centre is within 50 ms of an event.
template <class F>
Index peak(const Framed& f, double event_s, Index frames, F value) {
  Index best = -1;
  for (Index t = 0; t < frames; ++t)
    if (std::abs(f.first_s + 0.01 * static_cast<double>(t) - event_s) < 0.05 && (best < 0 || value(t) > value(best)))
      best = t;
  return best;
}

// The click is loudest, and the pulse highest, in the frame whose centre is nearest to the event, at most 5 ms away.
TEST_P(EachFraming, PutsClickAndPulseIntoTheSameFrame) {
  const Framed& f = GetParam();
  for (const int rate : {16000, 48000}) {
    TinyCorpus corpus(rate);
    corpus.add("a");
    const Dataset d = corpus.load(f.config);
    ASSERT_EQ(d.examples.size(), 1u);
    const Example& e = d.examples[0];
    const Matrix x = on_host(e.features);
    ASSERT_EQ(x.rows, e.targets.rows);
    const auto loudness = [&](Index t) {
      double sum = 0;
      for (Index m = 20; m < 60; ++m) sum += x.row(t)[m];  // excludes the edges of the resampler's band
      return sum;
    };
    for (const double event : kEvents_s) {
      const Index click = peak(f, event, x.rows, loudness);
      EXPECT_EQ(click, peak(f, event, e.targets.rows, [&](Index t) { return e.targets.row(t)[0]; })) << event;
      EXPECT_LT(std::abs(f.first_s + 0.01 * static_cast<double>(click) - event), 0.005) << event << " at " << rate;
    }
  }
}

TEST_P(EachFraming, TakesTargetsAtTheFrameCentres) {
  TinyCorpus corpus(16000);
  corpus.add("a");
  const Dataset d = corpus.load(GetParam().config);
  const Matrix& y = d.examples.at(0).targets;
  for (Index t = 0; t < y.rows; ++t) {
    const double centre = GetParam().first_s + 0.01 * static_cast<double>(t);
    EXPECT_NEAR(y.row(t)[1], centre, 1e-6) << "frame " << t;
    EXPECT_NEAR(y.row(t)[0], pulse(centre), 1e-4) << "frame " << t;
  }
}

// The last of 985 samples is at 0.984 s; the centre of the last frame kept must not be later.
TEST_P(EachFraming, DropsFramesBehindTheLastTarget) {
  TinyCorpus corpus(16000);
  corpus.add("whole");
  corpus.add("short", 1, 0.985);
  const Dataset d = corpus.load(GetParam().config);
  const Example &whole = d.examples.at(0), &cut = d.examples.at(1);
  EXPECT_EQ(cut.targets.rows, 1 + static_cast<Index>(std::floor((0.984 - GetParam().first_s) / 0.01 + 1e-9)));
  const Matrix some = on_host(cut.features), all = on_host(whole.features);
  ASSERT_EQ(some.rows, cut.targets.rows);
  EXPECT_LE(some.rows, all.rows);
  EXPECT_TRUE(std::equal(some.values.begin(), some.values.end(), all.values.begin()));
}

// start_s of the manifest shifts both streams by the same time.
TEST_P(EachFraming, AlignsAPartOfAFile) {
  TinyCorpus corpus(16000);
  corpus.add("a");
  corpus.last().start_s = 0.1004;
  corpus.last().end_s = 0.8;  // between two samples of the track
  const Dataset d = corpus.load(GetParam().config);
  const Matrix& y = d.examples.at(0).targets;
  ASSERT_GT(y.rows, 60);
  for (Index t = 0; t < y.rows; ++t)
    EXPECT_NEAR(y.row(t)[1], 0.1004 + GetParam().first_s + 0.01 * static_cast<double>(t), 1e-4) << "frame " << t;
}

TEST(Dataset, NamesEveryBadUtterance) {
  TinyCorpus corpus(16000);
  corpus.add("good");
  corpus.add("tiny", 0.02, 0.02);
  corpus.add("poisoned", 1, 1, INFINITY);
  corpus.add("gone");
  corpus.last().audio = "nowhere.wav";
  const FeatureConfig c = feature_preset("kaldi");
  const Error e = test::thrown_by([&] { corpus.load(c); });
  EXPECT_EQ(e.fault(), Fault::data);
  const std::string text = e.what();
  for (const char* part : {"split train: 3 of 4 utterances", "\n  tiny: tiny.wav: has 320 samples at 16000 Hz, too few",
                           "\n  poisoned: ", "\n  gone: ", "nowhere.wav"})
    EXPECT_NE(text.find(part), std::string::npos) << part << " not in: " << text;

  const Dataset d = corpus.load(c, true);
  ASSERT_EQ(d.examples.size(), 1u);
  EXPECT_EQ(d.examples[0].id, "good");
  ASSERT_EQ(d.skipped.size(), 3u);
  EXPECT_EQ(d.skipped[0].id, "tiny");
  EXPECT_EQ(d.frames(), 98);
  EXPECT_EQ(d.lengths(), std::vector<std::int32_t>{98});
}

TEST(Dataset, NamesTwentyAndCountsTheRest) {
  TinyCorpus corpus(16000);
  for (int i = 0; i < 23; ++i) corpus.add("u" + std::to_string(100 + i), 0.02, 0.02);
  const FeatureConfig c = feature_preset("kaldi");
  const Error e = test::thrown_by([&] { corpus.load(c); });
  EXPECT_NE(std::string(e.what()).find("\n  u119: "), std::string::npos) << e.what();
  EXPECT_EQ(std::string(e.what()).find("\n  u120: "), std::string::npos) << e.what();
  EXPECT_NE(std::string(e.what()).find("\n  and 3 more"), std::string::npos) << e.what();
  EXPECT_FAULT(corpus.load(c, true), Fault::data, "23 of 23");  // no utterance would be left after skipping
}

TEST(Dataset, IsTheSameOnAnyNumberOfThreads) {
  TinyCorpus corpus(22050);
  for (int i = 0; i < 70; ++i)
    corpus.add("u" + std::to_string(i), 0.3 + 0.01 * (i * 7 % 11), 0.3 + 0.01 * (i * 7 % 11));
  std::vector<int> progress;
  const Dataset one = corpus.load(feature_preset("whisper"), false, 1, [&](int done, int of) {
    EXPECT_EQ(of, 70);
    progress.push_back(done);
  });
  EXPECT_EQ(progress, (std::vector<int>{64, 70}));
  for (const int threads : {2, 3}) {
    const Dataset many = corpus.load(feature_preset("whisper"), false, threads);
    ASSERT_EQ(many.examples.size(), one.examples.size());
    for (std::size_t i = 0; i < one.examples.size(); ++i) {
      EXPECT_EQ(many.examples[i].id, one.examples[i].id);
      EXPECT_EQ(on_host(many.examples[i].features).values, on_host(one.examples[i].features).values);
      EXPECT_EQ(many.examples[i].targets.values, one.examples[i].targets.values);
    }
  }
}

// Chunks of utterances in one launch, including bad ones; 16-bit audio, and resampled audio, which is float.
TEST(Dataset, IsTheSameOnAGpu) {
  if (const std::string why = why_no_gpu(); !why.empty()) GTEST_SKIP() << why;
  Exec gpu{std::in_place_type<GpuExec>, 0};
  for (const int rate : {16000, 22050}) {
    TinyCorpus corpus(rate);
    for (int i = 0; i < 67; ++i)
      corpus.add("u" + std::to_string(i), 0.1 + 0.01 * (i % 11), 0.1 + 0.01 * (i % 11), i % 30 == 7 ? INFINITY : 0);
    const FeatureConfig c = test::with("kaldi", [](auto& k) {
      k.kind = FeatureKind::mfcc;
      k.deltas = 1;
    });
    const Dataset want = corpus.load(c, true), got = load_dataset(gpu, corpus.corpus(), "train", Extractor(c), true);
    ASSERT_EQ(got.examples.size(), 65u);
    ASSERT_EQ(want.examples.size(), 65u);
    EXPECT_EQ(got.skipped.size(), want.skipped.size());
    for (std::size_t i = 0; i < want.examples.size(); ++i) {
      EXPECT_EQ(got.examples[i].id, want.examples[i].id);
      EXPECT_EQ(got.examples[i].targets.values, want.examples[i].targets.values);
      EXPECT_REL_L2(got.examples[i].features.matrix(gpu).values, on_host(want.examples[i].features).values, 1e-4) << i;
    }
  }
}

}  // namespace
}  // namespace cutract
