// Streams of features from the command line, with the examples of docs/features.md.
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "host/io/atomic_file.h"
#include "host/io/audio.h"
#include "host/io/npy.h"
#include "tests/cli/process.h"
#include "tests/support/support.h"
#include "tests/support/tiny_corpus.h"

namespace cutract::test {
namespace {

// The block of docs/features.md that follows the line naming it, without indentation.
std::string documented(const std::string& name) {
  std::istringstream doc(read_file(source_file("docs/features.md")));
  std::string line, out;
  while (std::getline(doc, line) && line != "<!-- example: " + name + " -->") {}
  while (std::getline(doc, line) && line.starts_with("    ")) out += line.substr(4) + "\n";
  return out;
}

// A corpus with an array of two columns at 50 Hz beside each recording.
class FeaturesFromFiles : public testing::Test {
 protected:
  FeaturesFromFiles() {
    std::istringstream in(read_file(corpus_.dir + "/manifest.tsv"));
    std::string line, out;
    std::getline(in, line);
    out = line + "\tfeatures\n";
    for (; std::getline(in, line);) {
      const std::string id = line.substr(0, line.find('\t'));
      out += line + "\tstates/" + id + ".npy\n";
      write_states(id, 2);
    }
    corpus_.folder.write("corpus/manifest.tsv", out);
    const std::string toml = read_file(corpus_.dir + "/corpus.toml");
    corpus_.folder.write("corpus/corpus.toml", documented("corpus.toml") + toml);
    const std::string streams = documented("states.toml");
    std::string config = corpus_.config();
    config.insert(config.find("[features]\n") + 11, streams.substr(streams.find("streams")));
    corpus_.folder.write("c.toml", config);
  }
  // The loudness of the recording, every 20 ms, and a constant.
  void write_states(const std::string& id, Index columns, Index rows = 0) const {
    const Audio audio = read_audio(corpus_.dir + "/audio/" + id + ".wav");
    const Index whole = std::ssize(audio.samples) / 160;
    Matrix m(rows > 0 ? rows : whole, columns);
    for (Index r = 0; r < m.rows; ++r) {
      float most = 0;
      for (Index i = 160 * r; i < std::min(160 * (r + 1), std::ssize(audio.samples)); ++i)
        most = std::max(most, audio.samples[static_cast<std::size_t>(i)]);
      for (Index c = 0; c < columns; ++c) m.row(r)[c] = c == 0 ? most : 1.5F;
    }
    corpus_.folder.write("corpus/states/" + id + ".npy", encode_npy(m.view()));
  }
  Finished run(const std::vector<std::string>& args) const { return cutract(args, corpus_.folder.path()); }
  TinyCorpus corpus_;
};

TEST(FeatureStreams, TheDocumentedExampleRuns) {
  const TinyCorpus corpus;
  corpus.folder.write("streams.toml", documented("streams.toml"));
  const auto made = [&](const std::string& format) {
    const Finished f =
        cutract({"features", "-c", "streams.toml", "--format", format, "--out", "feats", "corpus/audio/u0.wav"},
                corpus.folder.path());
    EXPECT_EQ(f.code, 0) << f.err;
    EXPECT_NE(f.err.find("66 features per 10 ms frame"), std::string::npos) << f.err;
    return read_file(corpus.folder / ("feats/u0." + format));
  };
  EXPECT_EQ(decode_npy(made("npy"), "u0").cols, 66);
  const std::string csv = made("csv");
  const std::string header = csv.substr(0, csv.find('\n'));
  EXPECT_TRUE(header.starts_with("time_s,mel_0,mel_1,")) << header;
  EXPECT_NE(header.find(",mel_39,mfcc_0,"), std::string::npos) << header;
  EXPECT_TRUE(
      header.ends_with(",mfcc_12,mfcc_0_d,mfcc_1_d,mfcc_2_d,mfcc_3_d,mfcc_4_d,mfcc_5_d,mfcc_6_d,mfcc_7_d,mfcc_8_d,"
                       "mfcc_9_d,mfcc_10_d,mfcc_11_d,mfcc_12_d"))
      << header;
  EXPECT_EQ(csv.substr(csv.find('\n') + 1, 7), "0.0125,");
  const std::string npz = made("npz");
  for (const char* array : {"time_s.npy", "values.npy", "columns.npy", "audio.npy"})
    EXPECT_NE(npz.find(array), std::string::npos) << array;
}

TEST_F(FeaturesFromFiles, TrainEvalResumeAndPredict) {
  EXPECT_EQ(run({"corpus", "check", "corpus"}).code, 0);
  Finished f = run({"train", "-c", "c.toml", "--out", "run", "--device", "cpu"});
  ASSERT_EQ(f.code, 0) << f.err;
  EXPECT_NE(f.err.find("14 features"), std::string::npos) << f.err;
  f = run({"train", "-c", "c.toml", "--set", "trainer.max_epochs=4", "--out", "run", "--device", "cpu"});
  EXPECT_EQ(f.code, 0) << f.err;
  f = run({"eval", "run", "--device", "cpu"});
  EXPECT_EQ(f.code, 0) << f.err;
  EXPECT_NE(read_file(corpus_.folder / "run/report.html").find("12 log-mels and 2 columns of files"),
            std::string::npos);
  const std::vector<std::string> predict{"predict", "run", "corpus/audio/u8.wav", "--out", "-", "--device", "cpu"};
  const auto with = [&](const std::string& file) {
    std::vector<std::string> args = predict;
    args.insert(args.end(), {"--features", file});
    return run(args);
  };
  EXPECT_EQ(with("corpus/states/u8.npy").code, 0);
  f = run(predict);
  EXPECT_EQ(f.code, 2);
  EXPECT_NE(f.err.find("2 columns at 50 Hz"), std::string::npos) << f.err;
  EXPECT_NE(f.err.find("--features FILE.npy"), std::string::npos) << f.err;
  f = with("corpus/articulation/u0.npy");  // 2 columns, but 40 rows of 20 ms
  EXPECT_EQ(f.code, 4);
  EXPECT_NE(f.err.find("its last row is at"), std::string::npos) << f.err;
  write_states("u8", 3);
  f = with("corpus/states/u8.npy");
  EXPECT_EQ(f.code, 4);
  EXPECT_NE(f.err.find("3 columns, expected rows of 2"), std::string::npos) << f.err;
  f = run({"predict", "run", "corpus/audio/u8.wav", "corpus/audio/u9.wav", "--features", "corpus/states/u8.npy"});
  EXPECT_EQ(f.code, 2);
  EXPECT_NE(f.err.find("belongs to one recording, and 2 are given"), std::string::npos) << f.err;
}

TEST_F(FeaturesFromFiles, AChangedArrayIsAChangedCorpus) {
  ASSERT_EQ(run({"train", "-c", "c.toml", "--out", "run", "--device", "cpu", "-q"}).code, 0);
  write_states("u1", 2, 22);
  const Finished f = run({"train", "-c", "c.toml", "--set", "trainer.max_epochs=9", "--out", "run", "--device", "cpu"});
  EXPECT_EQ(f.code, 3);
  EXPECT_NE(f.err.find("changed: u1 (split train)"), std::string::npos) << f.err;
}

TEST_F(FeaturesFromFiles, BadArraysAreNamed) {
  const auto expect = [&](const std::string& text) {
    for (const auto& args : {std::vector<std::string>{"corpus", "check", "corpus"},
                             {"train", "-c", "c.toml", "--out", "bad", "--device", "cpu"}}) {
      const Finished f = run(args);
      EXPECT_EQ(f.code, 4) << f.out << f.err;
      EXPECT_NE((f.out + f.err).find(text), std::string::npos) << f.out << f.err;
    }
  };
  write_states("u3", 3);
  expect("states/u3.npy: has 3 columns, expected 2");
  write_states("u3", 2, 5);
  expect("states/u3.npy: its last row is at 0.09");
  write_states("u3", 2);
  corpus_.folder.write("corpus/states/u3.npy", "no array");
  expect("states/u3.npy");
}

TEST_F(FeaturesFromFiles, WhatIsMissingIsNamed) {
  Finished f = run({"features", "-c", "c.toml", "--out", "feats", "corpus/audio/u0.wav"});
  EXPECT_EQ(f.code, 3);
  EXPECT_NE(f.err.find("the stream \"file\" reads arrays of a corpus"), std::string::npos) << f.err;
  std::string toml = read_file(corpus_.dir + "/corpus.toml");
  corpus_.folder.write("corpus/corpus.toml", toml.substr(toml.find("name =")));
  f = run({"train", "-c", "c.toml", "--out", "run", "--device", "cpu"});
  EXPECT_EQ(f.code, 4);
  EXPECT_NE(f.err.find("has no features_rate_hz"), std::string::npos) << f.err;
  const TinyCorpus plain;
  f = run({"train", "-c", "c.toml", "--set", "data.corpus=" + plain.dir, "--out", "run", "--device", "cpu"});
  EXPECT_EQ(f.code, 4);
  EXPECT_NE(f.err.find("no utterance has a file in the column features"), std::string::npos) << f.err;
}

}  // namespace
}  // namespace cutract::test
