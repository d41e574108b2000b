// predict and features with a user's own recordings: many files, folders, lists and standard input, including bad
// files.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>

#include "host/io/atomic_file.h"
#include "host/io/audio.h"
#include "host/io/npy.h"
#include "tests/cli/process.h"
#include "tests/support/tiny_corpus.h"

namespace cutract {
namespace {

namespace fs = std::filesystem;

// One model for all tests, which only read it.
class OwnAudio : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    corpus_ = std::make_unique<test::TinyCorpus>();
    corpus_->folder.write("c.toml", corpus_->config());
    ASSERT_EQ(run({"train", "-c", "c.toml", "--out", "run", "--device", "cpu"}).code, 0);
    fs::create_directories(path("in/sub"));
    fs::copy(path("corpus/audio/u0.wav"), path("in/b.wav"));
    fs::copy(path("corpus/audio/u1.wav"), path("in/sub/b.WAV"));
    fs::copy(path("corpus/audio/u2.wav"), path("in/a.wav"));
    corpus_->folder.write("in/notes.txt", "not audio\n");
    corpus_->folder.write("in/._a.wav", "hidden\n");
    corpus_->folder.write("bad.wav", "this is not audio\n");
  }
  static void TearDownTestSuite() { corpus_.reset(); }
  static std::string path(const std::string& name) { return corpus_->folder / name; }
  static test::Finished run(const std::vector<std::string>& args) {
    return test::cutract(args, corpus_->folder.path());
  }
  static test::Finished predict(std::vector<std::string> args) {
    args.insert(args.begin(), {"predict", "run", "--device", "cpu"});
    return run(args);
  }
  static std::vector<std::string> lines(const std::string& text) {
    std::vector<std::string> all;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) all.push_back(line);
    return all;
  }
  static inline std::unique_ptr<test::TinyCorpus> corpus_;
};

TEST_F(OwnAudio, TheFilesAfterABadOneAreDone) {
  for (const std::vector<std::string>& command :
       std::vector<std::vector<std::string>>{{"predict", "run"}, {"features"}}) {
    std::vector<std::string> args = command;
    args.insert(args.end(), {"corpus/audio/u0.wav", "bad.wav", "missing.wav", "corpus/audio/u1.wav", "--out",
                             "after_" + command[0]});
    const auto f = run(args);
    SCOPED_TRACE(f.err);
    EXPECT_EQ(f.code, 4);
    EXPECT_NE(f.err.find("error: bad.wav: "), std::string::npos);
    EXPECT_NE(f.err.find("error: missing.wav: "), std::string::npos);
    EXPECT_EQ(f.last_line(), "error: 2 of 4 files failed");
    const std::string ending = command[0] == "predict" ? "csv" : "npy";
    for (const std::string stem : {"u0.", "u1."})
      EXPECT_TRUE(fs::exists(path("after_" + command[0] + "/" + stem + ending)));
  }
  EXPECT_EQ(predict({"missing.wav", "corpus/audio/u1.wav"}).code, 5) << "no file is bad, one cannot be read";
  const auto one = predict({"bad.wav"});
  EXPECT_EQ(one.code, 4);
  EXPECT_TRUE(one.last_line().starts_with("error: bad.wav: ")) << one.err;
}

TEST_F(OwnAudio, AFolderKeepsItsSubfolders) {
  const auto f = predict({"in", "--out", "folder"});
  EXPECT_EQ(f.code, 0) << f.err;
  for (const char* name : {"a.csv", "b.csv", "sub/b.csv"}) EXPECT_TRUE(fs::exists(path(std::string("folder/") + name)));
  EXPECT_LT(f.err.find("in/a.wav"), f.err.find("in/b.wav")) << "in alphabetical order";
  EXPECT_EQ(std::distance(fs::recursive_directory_iterator(path("folder")), fs::recursive_directory_iterator()), 4)
      << "neither the hidden file nor the text";
  fs::create_directory(path("nothing"));
  const auto none = predict({"nothing"});
  EXPECT_EQ(none.code, 2);
  EXPECT_NE(none.err.find("nothing: no audio file in this folder"), std::string::npos) << none.err;
}

TEST_F(OwnAudio, AListNamesTheFiles) {
  corpus_->folder.write("list.txt", "corpus/audio/u0.wav\r\n\ncorpus/audio/u1.wav\n");
  EXPECT_EQ(predict({"--list", "list.txt", "--out", "listed"}).code, 0);
  for (const char* name : {"listed/u0.csv", "listed/u1.csv"}) EXPECT_TRUE(fs::exists(path(name)));
  corpus_->folder.write("empty.txt", "\n");
  EXPECT_EQ(predict({"--list", "empty.txt"}).code, 2);
  // As Windows programs save text.
  corpus_->folder.write("marked.txt",
                        "\xEF\xBB\xBF"
                        "corpus/audio/u0.wav\r\n");
  EXPECT_EQ(predict({"--list", "marked.txt", "--out", "marked"}).code, 0);
  corpus_->folder.write("utf16.txt", std::string("\xFF\xFE"
                                                 "a\0.\0w\0a\0v\0\n\0",
                                                 14));
  corpus_->folder.write("zero.txt", std::string("a.wav\nb\0.wav\n", 13));
  const auto utf16 = predict({"--list", "utf16.txt"}), zero = predict({"--list", "zero.txt"});
  EXPECT_EQ(utf16.code, 2);
  EXPECT_NE(utf16.err.find("--list utf16.txt: is UTF-16; save it as UTF-8"), std::string::npos) << utf16.err;
  EXPECT_EQ(zero.code, 2);
  EXPECT_NE(zero.err.find("--list zero.txt: line 2 holds a zero byte"), std::string::npos) << zero.err;
  EXPECT_EQ(predict({"--list", "nowhere.txt"}).code, 5);
  const auto none = predict({});
  EXPECT_EQ(none.code, 2);
  EXPECT_NE(none.err.find("AUDIO is missing"), std::string::npos) << none.err;
}

TEST_F(OwnAudio, StandardInputIsAudioOrAList) {
  const std::string command = std::string("'") + CUTRACT_BINARY + "' predict run --device cpu --out - ";
  const std::string dir = "cd '" + corpus_->folder.path() + "' && ";
  ASSERT_EQ(std::system((dir + command + "- < corpus/audio/u0.wav > piped.csv 2> err").c_str()), 0);
  EXPECT_EQ(read_file(path("piped.csv")), predict({"corpus/audio/u0.wav", "--out", "-"}).out);
  ASSERT_EQ(std::system((dir + "echo corpus/audio/u0.wav | " + command + "--list - > listed.csv 2> err").c_str()), 0);
  EXPECT_EQ(read_file(path("listed.csv")).substr(0, 7), "time_s,");
  EXPECT_EQ(predict({"-", "-"}).code, 2) << "it can be read once";
  EXPECT_EQ(predict({"-", "--list", "-"}).code, 2);
}

TEST_F(OwnAudio, SeveralFilesOnStandardOutputAreOneTable) {
  const auto f = predict({"corpus/audio/u0.wav", "bad.wav", "corpus/audio/u1.wav", "--out", "-"});
  EXPECT_EQ(f.code, 4);
  const std::vector<std::string> rows = lines(f.out);
  EXPECT_EQ(rows[0], "time_s,height_mm,opening_mm,file");
  EXPECT_EQ(std::count_if(rows.begin(), rows.end(), [](const auto& r) { return r.starts_with("time_s"); }), 1);
  EXPECT_TRUE(rows[1].ends_with(",corpus/audio/u0.wav"));
  EXPECT_TRUE(rows.back().ends_with(",corpus/audio/u1.wav"));
  const std::vector<std::string> alone = lines(predict({"corpus/audio/u0.wav", "--out", "-"}).out);
  for (std::size_t i = 1; i < alone.size(); ++i) EXPECT_EQ(rows[i], alone[i] + ",corpus/audio/u0.wav");
  EXPECT_EQ(alone[0], "time_s,height_mm,opening_mm");

  const auto json = predict({"in", "--out", "-", "--format", "json"});
  EXPECT_EQ(json.code, 0) << json.err;
  const std::vector<std::string> objects = lines(json.out);
  ASSERT_EQ(objects.size(), 3u);
  EXPECT_EQ(nlohmann::json::parse(objects[0])["audio"], "in/a.wav");
  EXPECT_EQ(predict({"in", "--out", "-", "--format", "npz"}).code, 2);
}

TEST_F(OwnAudio, AnUnknownSpeakerIsToldTheKnownOnes) {
  const auto f = predict({"corpus/audio/u0.wav", "--speaker", "bob"});
  EXPECT_EQ(f.code, 2);
  EXPECT_NE(f.err.find("which are a, b;"), std::string::npos) << f.err;
  EXPECT_EQ(predict({"corpus/audio/u0.wav", "--speaker", "a", "--out", "speaker"}).code, 0);
}

TEST_F(OwnAudio, FeaturesTakesSettings) {
  const auto f = run({"features", "corpus/audio/u0.wav", "--preset", "kaldi", "--set", "features.kind=mfcc", "--set",
                      "features.deltas=2", "--out", "mfcc"});
  EXPECT_EQ(f.code, 0) << f.err;
  EXPECT_EQ(read_npy(path("mfcc/u0.npy")).cols, 39);
  EXPECT_NE(f.err.find("Wrote 1 file to mfcc: 39 features per 10 ms frame"), std::string::npos) << f.err;
  EXPECT_EQ(run({"features", "corpus/audio/u0.wav", "--set", "features.n_mel=3", "--out", "mfcc"}).code, 3);
}

TEST_F(OwnAudio, AQuietRecordingIsNamedAndPredictedAlike) {
  Audio audio = read_audio(path("corpus/audio/u8.wav"));
  for (float& v : audio.samples) v *= 0.1f;
  write_audio(path("quiet.wav"), audio);
  const auto loud = predict({"corpus/audio/u8.wav", "--out", "-"}), quiet = predict({"quiet.wav", "--out", "-"});
  EXPECT_NE(quiet.err.find("warning: quiet.wav: unlike the training data: 20 dB quieter"), std::string::npos)
      << quiet.err;
  EXPECT_EQ(loud.err.find("warning"), std::string::npos) << loud.err;
  EXPECT_NE(loud.err.find("speaker unknown: features are normalised by"), std::string::npos) << loud.err;
  const std::vector<std::string> a = lines(loud.out), b = lines(quiet.out);
  ASSERT_EQ(a.size(), b.size());
  double apart = 0;
  for (std::size_t i = 1; i < a.size(); ++i)
    apart = std::max(apart,
                     std::abs(std::stod(a[i].substr(a[i].find(',') + 1)) - std::stod(b[i].substr(b[i].find(',') + 1))));
  EXPECT_LT(apart, 1.0) << "mm, of movement of 20 mm";
}

TEST_F(OwnAudio, WhatValuesStandForIsInTheMetadata) {
  const auto object = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"corpus/audio/u8.wav", "--out", "-", "--format", "json"});
    return nlohmann::json::parse(predict(more).out);
  };
  EXPECT_EQ(object({})["feature_statistics"], "this recording");
  EXPECT_EQ(object({})["target_statistics"], "training data");
  EXPECT_EQ(object({"--feature-statistics", "training"})["feature_statistics"], "training data");
  EXPECT_EQ(object({"--speaker", "a"})["feature_statistics"], "speaker a");
  const auto centred = object({"--centre"});
  double sum = 0;
  for (const auto& row : centred["values"]) sum += row[0].get<double>();
  EXPECT_NEAR(sum / static_cast<double>(centred["values"].size()), 0, 1e-3);
  Matrix measured(3, 2);
  measured.values = {100, 50, 110, 50.5f, 120, 51};
  corpus_->folder.write("enrol.npy", encode_npy(measured.view()));
  const auto enrolled = object({"--enrol", "enrol.npy"});
  EXPECT_EQ(enrolled["target_statistics"], "enrol.npy");
  EXPECT_NEAR(enrolled["values"][0][0].get<double>(), 110, 40);
  corpus_->folder.write("narrow.npy", encode_npy(Matrix(3, 1).view()));
  EXPECT_EQ(predict({"corpus/audio/u8.wav", "--enrol", "narrow.npy"}).code, 4);
}

TEST_F(OwnAudio, AReportOfScoresLeavesThatOfTheTrainingAlone) {
  const std::string before = read_file(path("run/report.html"));
  EXPECT_EQ(run({"eval", "run", "--report", "run", "--device", "cpu"}).code, 0);
  EXPECT_EQ(read_file(path("run/report.html")), before);
  EXPECT_NE(read_file(path("run/eval-test.html")).find("Scores on split test"), std::string::npos);
}

}  // namespace
}  // namespace cutract
