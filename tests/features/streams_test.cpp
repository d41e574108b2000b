// Streams side by side: each is what it is alone, its columns have names, and what a config says about them is checked.
#include "features/streams.h"

#include <algorithm>

#include "features/dataset/corpus_features.h"
#include "features/extractor.h"
#include "host/io/npy.h"
#include "tests/features/settings.h"
#include "tests/kernels/on_each_device.h"

namespace cutract::test {
namespace {

FeatureConfig streams(std::vector<std::string> entries, const std::string& preset = "librosa") {
  return with(preset, [&](auto& c) { c.streams = std::move(entries); });
}

std::vector<std::string> names(const FeatureConfig& c) {
  std::vector<std::string> out;
  for (const Column& column : columns_of(checked(c))) out.push_back(column.name);
  return out;
}

// Columns first .. first + count - 1.
std::vector<float> columns(const Matrix& m, Index first, Index count) {
  std::vector<float> out;
  for (Index t = 0; t < m.rows; ++t) out.insert(out.end(), m.row(t) + first, m.row(t) + first + count);
  return out;
}

class Streams : public OnEachDevice {
 protected:
  Matrix extract(const FeatureConfig& c, const std::vector<float>& x) {
    return features_of(exec(), Extractor(c), x).matrix(exec());
  }
};
CUTRACT_ON_EACH_DEVICE(Streams);

TEST_P(Streams, SideBySideEachIsWhatItIsAlone) {
  for (const char* preset : {"librosa", "kaldi", "whisper"})
    for (const int deltas : {0, 2}) {
      FeatureConfig mel = with(preset, [&](auto& c) {
        c.deltas = deltas;
        c.n_mels = 24;
      });
      FeatureConfig mfcc = mel;
      mfcc.kind = FeatureKind::mfcc;
      mfcc.n_mels = 40;
      FeatureConfig both = mel;
      both.streams = {"mel", "mfcc n_mels=40"};
      const auto x = signal("loud", 4001);
      const Matrix a = extract(mel, x), b = extract(mfcc, x), got = extract(both, x);
      ASSERT_EQ(got.cols, a.cols + b.cols) << preset;
      EXPECT_BITWISE(columns(got, 0, a.cols), a.values) << preset << " " << deltas;
      EXPECT_BITWISE(columns(got, a.cols, b.cols), b.values) << preset << " " << deltas;
    }
}

TEST_P(Streams, ContextIsOfTheWholeFrame) {
  FeatureConfig c = streams({"mel n_mels=7", "mfcc n_mfcc=3 deltas=1"});
  const auto x = signal("quiet", 3001);
  const Matrix frame = extract(c, x);
  c.context = 2;
  const Matrix got = extract(c, x);
  ASSERT_EQ(got.cols, 5 * frame.cols);
  for (Index t = 0; t < got.rows; ++t)
    for (Index at = -2; at <= 2; ++at) {
      const float* want = frame.row(std::clamp<Index>(t + at, 0, frame.rows - 1));
      EXPECT_TRUE(std::equal(want, want + frame.cols, got.row(t) + (at + 2) * frame.cols)) << t << " " << at;
    }
}

TEST_P(Streams, AnUtteranceDoesNotDependOnItsNeighbours) {
  const Extractor extractor(streams({"mel n_mels=12", "mfcc n_mfcc=4 deltas=2"}, "kaldi"));
  const std::vector<std::vector<float>> signals{signal("loud", 2500), signal("quiet", 0), signal("steps", 901)};
  std::vector<Speech> speech;
  for (const auto& x : signals) speech.push_back({View<const float, 1>{x.data(), {std::ssize(x)}}});
  const std::vector<Frames> all = extractor(exec(), speech);
  for (std::size_t u = 0; u < signals.size(); ++u)
    EXPECT_BITWISE(all[u].matrix(exec()).values, features_of(exec(), extractor, signals[u]).matrix(exec()).values) << u;
}

// A stream of the config's own kind is the short form of it.
TEST_P(Streams, TheShortFormIsOneStream) {
  for (const auto& [name, config] : cases()) {
    FeatureConfig listed = config;
    listed.streams = {name_of(config.kind)};
    listed.kind = FeatureKind::mel;
    const auto x = signal("loud", 2001);
    EXPECT_BITWISE(extract(listed, x).values, extract(config, x).values) << name;
  }
}

// Rows at 50 Hz that rise by 2 per row, so that a value says its time; the last one is repeated.
TEST_P(Streams, AFileIsInterpolatedAtTheFrames) {
  const Extractor extractor(streams({"mel n_mels=5", "file columns=2 rate_hz=50.0 first_s=0.01"}));
  Track states{50, 0.01, Matrix(10, 2)};
  for (Index r = 0; r < 10; ++r) {
    states.values.row(r)[0] = static_cast<float>(2 * r);
    states.values.row(r)[1] = -1;
  }
  const auto x = signal("loud", 16 * 220);  // frames at 0, 10, ... 220 ms, rows at 10, 30, ... 190 ms
  const Matrix got = features_of(exec(), extractor, x, &states).matrix(exec());
  ASSERT_EQ(got.rows, 23);
  ASSERT_EQ(got.cols, 7);
  for (Index t = 0; t < got.rows; ++t) {
    const double want = std::clamp((0.01 * static_cast<double>(t) - 0.01) * 100, 0.0, 18.0);
    EXPECT_NEAR(static_cast<double>(got.row(t)[5]), want, 1e-5) << t;
    EXPECT_EQ(got.row(t)[6], -1) << t;
  }
  FeatureConfig mel = with("librosa", [](auto& c) { c.n_mels = 5; });
  EXPECT_BITWISE(columns(got, 0, 5), extract(mel, x).values);
}

TEST_P(Streams, AFileIsNeededAndHasItsColumns) {
  const Extractor extractor(streams({"file columns=2 rate_hz=50"}));
  const auto x = signal("loud", 1600);
  EXPECT_FAULT(features_of(exec(), extractor, x), Fault::data,
               "an utterance has no features that were computed elsewhere");
  const Track three{50, 0, Matrix(5, 3)};
  EXPECT_FAULT(features_of(exec(), extractor, x, &three), Fault::data, "have 3 columns, expected 2");
}

TEST(StreamColumns, HaveNames) {
  EXPECT_EQ(names(with("librosa", [](auto& c) { c.n_mels = 2; })), (std::vector<std::string>{"mel_0", "mel_1"}));
  EXPECT_EQ(names(streams({"mfcc n_mfcc=1 deltas=2", "mel n_mels=1 name=low", "file columns=1"})),
            (std::vector<std::string>{"mfcc_0", "mfcc_0_d", "mfcc_0_dd", "low_0", "file_0"}));
  FeatureConfig c = streams({"mel n_mels=1 deltas=1"});
  c.context = 1;
  EXPECT_EQ(names(c),
            (std::vector<std::string>{"mel_0@-1", "mel_0_d@-1", "mel_0", "mel_0_d", "mel_0@+1", "mel_0_d@+1"}));
}

// The settings of [features] are the defaults of the options, except that a file has no deltas unless it says so.
TEST(StreamColumns, OptionsDefaultToTheSettings) {
  FeatureConfig c = streams({"mel", "mfcc n_mels=30", "file columns=3"}, "kaldi");
  c.n_mels = 20;
  c.deltas = 1;
  const std::vector<StreamConfig> s = streams_of(checked(c));
  EXPECT_EQ(s[0].base, 20);
  EXPECT_EQ(s[0].width(), 40);
  EXPECT_EQ(s[1].options.features.n_mels, 30);
  EXPECT_EQ(s[1].options.features.window, WindowShape::povey);
  EXPECT_EQ(s[1].options.features.lifter, 22);
  EXPECT_EQ(s[1].first, 40);
  EXPECT_EQ(s[2].first, 66);
  EXPECT_EQ(s[2].width(), 3);
}

TEST(StreamColumns, OptOutOfNormalisation) {
  const std::vector<Column> c =
      columns_of(checked(streams({"mel n_mels=2", "mfcc n_mfcc=1 deltas=1 normalise=false"})));
  ASSERT_EQ(c.size(), 4u);
  EXPECT_TRUE(c[0].normalise && c[1].normalise);
  EXPECT_FALSE(c[2].normalise || c[3].normalise);
}

// What the corpus says about its arrays becomes options; a resolved entry stays as it is.
TEST(StreamConfigs, AFileTakesWhatTheCorpusSays) {
  const TempFolder folder;
  folder.write("x.npy", encode_npy(Matrix(3, 7).view()));
  Corpus corpus;
  corpus.dir = folder.path();
  corpus.features_rate_hz = 49.5;
  corpus.features_first_s = 0.0125;
  corpus.utterances.resize(2);
  const auto resolved = [&](const std::string& entry) {
    return with_files_of(streams({"mel", entry}), corpus).streams.back();
  };
  EXPECT_FAULT(resolved("file"), Fault::data, "no utterance has a file in the column features");
  corpus.utterances[1].features = "x.npy";
  const std::string whole = resolved("file deltas=1 name=hubert");
  EXPECT_EQ(whole, "file deltas=1 name=hubert columns=7 rate_hz=49.5 first_s=0.0125");
  EXPECT_EQ(resolved(whole), whole);
  EXPECT_FAULT(resolved("file rate_hz=100 columns=0"), Fault::config,
               "features.streams[2]: has rate_hz=100 and first_s=0, but");
  EXPECT_EQ(streams_of(streams({whole}))[0].base, 7);
  EXPECT_EQ(with_files_of(streams({"mel", "mfcc"}), corpus).streams, (std::vector<std::string>{"mel", "mfcc"}));
}

TEST(StreamConfigs, MistakesAreNamed) {
  const auto bad = [](std::vector<std::string> entries) { return [=] { (void)checked(streams(entries)); }; };
  EXPECT_FAULT(bad({"mel", "mffc"})(), Fault::config,
               "features.streams[2]: unknown stream \"mffc\" (did you mean \"mfcc\"?)");
  EXPECT_FAULT(bad({"mel n_mel=3"})(), Fault::config,
               "features.streams[1] (mel): unknown option \"n_mel\" (did you mean \"n_mels\"?)");
  EXPECT_FAULT(bad({"mel n_mels=0"})(), Fault::config, "n_mels = 0 is outside [1, 1024] (number of mel filters)");
  EXPECT_FAULT(bad({"mel", "mel"})(), Fault::config, "features.streams: two streams are called mel");
  EXPECT_FAULT(bad({"mel name=a-b"})(), Fault::config, "expected letters, digits and _");
  EXPECT_FAULT(bad({"mel", "mfcc n_mfcc=20 n_mels=10"})(), Fault::config,
               "features.streams, mfcc: n_mfcc: is 20, expected at most n_mels (10)");
  EXPECT_FAULT(bad({"mel", "mfcc n_fft=513"})(), Fault::config, "frames of mel and mfcc are at different times");
  EXPECT_FAULT(bad({""})(), Fault::config, "features.streams[1]: is empty");
  FeatureConfig both = streams({"mel"});
  both.kind = FeatureKind::mfcc;
  EXPECT_FAULT(checked(both), Fault::config, "features.kind: is \"mfcc\", but features.streams lists the streams");
  FeatureConfig snip = streams({"mel", "mfcc win_samples=300"}, "kaldi");
  EXPECT_FAULT(checked(snip), Fault::config, "frames of mel and mfcc are at different times");
  EXPECT_FAULT(Extractor(streams({"file"})), Fault::config, "but there is no corpus here");
}

TEST(StreamConfigs, TheHelpNamesEveryOption) {
  const std::string help = streams_help();
  for (const char* part :
       {"mel: the log-mel spectrum (options n_mels, n_fft, ", "sample_scale, n_mfcc, lifter, deltas, ",
        "file: arrays computed elsewhere", "(options columns, rate_hz, first_s, deltas, "})
    EXPECT_NE(help.find(part), std::string::npos) << part << " in " << help;
}

TEST(StreamConfigs, AreDescribed) {
  EXPECT_EQ(describe_streams(feature_preset("librosa")), "80 log-mels");
  EXPECT_EQ(describe_streams(streams({"mel n_mels=40", "mfcc", "file columns=768"})),
            "40 log-mels, 13 MFCCs and 768 columns of files");
}

}  // namespace
}  // namespace cutract::test
