// Whose statistics predict and eval use, and what they say of it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "host/device/exec.h"
#include "host/io/atomic_file.h"
#include "host/io/audio.h"
#include "host/io/npy.h"
#include "tests/cli/own_audio.h"

namespace cutract::test {
namespace {

namespace fs = std::filesystem;

class Voices : public OwnAudio {};

TEST_F(Voices, AnUnknownSpeakerIsToldTheKnownOnes) {
  const auto f = predict({"corpus/audio/u0.wav", "--speaker", "bob"});
  EXPECT_EQ(f.code, 2);
  EXPECT_NE(f.err.find("which are a, b;"), std::string::npos) << f.err;
  EXPECT_EQ(predict({"corpus/audio/u0.wav", "--speaker", "a", "--out", "speaker"}).code, 0);
}

TEST_F(Voices, AQuietRecordingIsNamedAndPredictedAlike) {
  Audio audio = read_audio(path("corpus/audio/u8.wav"));
  for (float& v : audio.samples) v *= 0.1f;
  write_audio(path("quiet.wav"), audio);
  const auto loud = predict({"corpus/audio/u8.wav", "--out", "-"}), quiet = predict({"quiet.wav", "--out", "-"});
  EXPECT_NE(quiet.err.find("warning: quiet.wav: unlike the training data: 20 dB quieter"), std::string::npos)
      << quiet.err;
  EXPECT_NE(quiet.err.find("; the statistics of the recording itself make up for it"), std::string::npos) << quiet.err;
  EXPECT_EQ(quiet.err.find("far off"), std::string::npos) << quiet.err;
  const auto by_training = predict({"quiet.wav", "--out", "-", "--feature-statistics", "training"});
  EXPECT_NE(by_training.err.find("predictions can be far off"), std::string::npos) << by_training.err;
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

// One line of warning, and none about how short it is.
TEST_F(Voices, ASilentFileGetsOneMessage) {
  for (const double seconds : {0.5, 3.0}) {
    write_audio(path("silent.wav"), {16000, std::vector<float>(static_cast<std::size_t>(16000 * seconds))});
    const auto f = predict({"silent.wav", "--out", "silent"});
    EXPECT_EQ(f.code, 0) << f.err;
    int named = 0;
    for (const std::string& line : lines(f.err)) named += line.find("silent.wav: ") != std::string::npos ? 1 : 0;
    EXPECT_EQ(named, 2) << "one warning, and where the result is: " << f.err;
    EXPECT_NE(f.err.find("warning: silent.wav: it is silent throughout, so its prediction means nothing"),
              std::string::npos)
        << f.err;
  }
}

TEST_F(Voices, OptionsThatContradictEachOtherAreRefused) {
  const std::string audio = "corpus/audio/u0.wav";
  const struct {
    std::vector<std::string> args;
    std::string says;
  } cases[] = {
      {{"predict", "run", audio, "--speaker", "a", "--one-speaker"}, "exclude each other; give only one of them"},
      {{"predict", "run", audio, "--speaker", "a", "--feature-statistics", "audio"}, "exclude each other"},
      {{"predict", "run", audio, "--speaker", "a", "--feature-statistics", "training"}, "exclude each other"},
      {{"predict", "run", audio, "--one-speaker", "--feature-statistics", "training"}, "contradict each other"},
      {{"predict", "run", audio, "--plot", "--out", "-"}, "--plot: writes a page beside each result"},
      {{"eval", "run", "--report", "-"}, "--report -: a report is a page in a folder"},
      {{"features", audio, "--out", "f", "--preset", "kaldi", "--set", "features.preset=whisper"}, "--preset kaldi"},
      {{"features", audio, "--out", "f", "--channel", "1", "--set", "data.channel=2"}, "--channel 1 and --set"},
      {{"features", audio, "--out", "f", "--set", "trainer.seed=3"}, "--set trainer.seed=3: has no effect on features"},
      {{"features", audio, "--out", "-"}, "--out -: features writes one file for each recording"},
  };
  for (const auto& c : cases) {
    const auto f = run(c.args);
    EXPECT_EQ(f.code, 2) << f.err;
    EXPECT_NE(f.last_line().find(c.says), std::string::npos) << f.err;
  }
  EXPECT_EQ(predict({audio, "--one-speaker", "--feature-statistics", "audio", "--out", "both"}).code, 0);
  EXPECT_FALSE(fs::exists(path("f")));
}

TEST_F(Voices, WhatValuesStandForIsInTheMetadata) {
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
  const auto both = object({"--enrol", "enrol.npy", "--speaker", "a"});
  EXPECT_EQ(both["feature_statistics"], "speaker a");
  EXPECT_EQ(both["target_statistics"], "enrol.npy");
}

TEST_F(Voices, EnrolNamesWhatDoesNotFitTheModel) {
  const auto enrol = [&](const std::string& file) {
    return predict({"corpus/audio/u8.wav", "--enrol", file, "--out", "enrolled"});
  };
  const auto expect = [&](const std::string& file, const std::string& says) {
    const auto f = enrol(file);
    EXPECT_EQ(f.code, 4) << f.err;
    EXPECT_NE(f.last_line().find(says), std::string::npos) << f.err;
  };
  Matrix frames(4, 2);
  frames.values = {1, 10, 2, 12, 3, 14, 4, 16};
  corpus_->folder.write("narrow.npy", encode_npy(Matrix(3, 1).view()));
  expect("narrow.npy", "has 1 column, expected the 2 channels of the model: height (mm), opening (mm)");
  Matrix broken = frames;
  broken.row(2)[1] = INFINITY;
  corpus_->folder.write("broken.npy", encode_npy(broken.view()));
  expect(
      "broken.npy",
      "row 2 (counted from 0) of channel opening is inf, expected a finite number, or NaN where it was not measured");
  Matrix empty = frames;
  for (float& v : empty.values) v = std::nanf("");
  corpus_->folder.write("empty.npy", encode_npy(empty.view()));
  expect("empty.npy", "all values are missing (NaN), expected movement");
  corpus_->folder.write("one.npy", encode_npy(Matrix(1, 2).view()));
  expect("one.npy", "holds 1 frame, expected at least 2");
  expect("corpus/audio/u0.wav", "u0.wav");
  EXPECT_EQ(enrol("nowhere.npy").code, 5);
  for (float& v : frames.values) v *= 0.001f;
  corpus_->folder.write("metres.npy", encode_npy(frames.view()));
  const auto metres = enrol("metres.npy");
  EXPECT_EQ(metres.code, 0) << metres.err;
  EXPECT_NE(metres.err.find("check that it has the model's channels and units"), std::string::npos) << metres.err;
}

TEST_F(Voices, EnrolTakesACorpusOfOneSpeaker) {
  const auto enrol = [&](const std::string& dir) {
    return predict({"corpus/audio/u8.wav", "--enrol", dir, "--format", "json", "--out", "-"});
  };
  const auto two = enrol("corpus");
  EXPECT_EQ(two.code, 4);
  EXPECT_NE(two.last_line().find("holds 2 speakers, expected the recordings of one"), std::string::npos) << two.err;
  fs::copy(path("corpus"), path("mine"), fs::copy_options::recursive);
  const std::vector<std::string> rows = lines(read_file(path("mine/manifest.tsv")));
  std::string manifest = rows[0] + "\n";
  for (const std::string& row : rows)
    if (row.find("\ta\t") != std::string::npos) manifest += row + "\n";
  corpus_->folder.write("mine/manifest.tsv", manifest);
  const auto good = enrol("mine");
  ASSERT_EQ(good.code, 0) << good.err;
  EXPECT_EQ(good.err.find("check that it has"), std::string::npos) << good.err;
  EXPECT_EQ(nlohmann::json::parse(good.out)["target_statistics"], "mine");
  std::string toml = read_file(path("mine/corpus.toml"));
  toml.replace(toml.find("\"mm\""), 4, "\"cm\"");
  corpus_->folder.write("mine/corpus.toml", toml);
  const auto units = enrol("mine");
  EXPECT_EQ(units.code, 4);
  EXPECT_NE(units.last_line().find("has the channels height (cm), opening (mm), expected those of the model"),
            std::string::npos)
      << units.err;
}

TEST_F(Voices, EvalSaysWhoseStatisticsAnUnseenSpeakerGets) {
  fs::copy(path("corpus"), path("unseen"), fs::copy_options::recursive);
  std::string manifest;
  for (const std::string& row : lines(read_file(path("unseen/manifest.tsv")))) {
    std::string changed = row;
    if (row.starts_with("u8\t")) changed.replace(3, 1, "c");
    manifest += changed + "\n";
  }
  corpus_->folder.write("unseen/manifest.tsv", manifest);
  const auto eval = [&](const std::string& model, std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"eval", model, "--corpus", "unseen", "--device", "cpu"});
    const auto f = run(more);
    EXPECT_EQ(f.code, 0) << f.err;
    return f.err;
  };
  const std::string start = "speaker c: not in the training data; features are normalised by the statistics of ";
  EXPECT_NE(eval("run").find(start + "the speaker's 1 utterance here"), std::string::npos) << eval("run");
  EXPECT_NE(eval("run", {"--feature-statistics", "training"}).find(start + "the training data; channels"),
            std::string::npos);
  EXPECT_EQ(eval("run").find("speaker a"), std::string::npos);
  ASSERT_EQ(run({"train", "-c", "c.toml", "--set", "data.normalise_features=corpus", "--set",
                 "data.normalise_targets=corpus", "--out", "pooled", "--device", "cpu"})
                .code,
            0);
  const std::string pooled = eval("pooled");
  EXPECT_NE(pooled.find(start + "the training data, as in training (data.normalise_features = \"corpus\")"),
            std::string::npos)
      << pooled;
  EXPECT_EQ(pooled.find("speaker a"), std::string::npos) << pooled;
}

// A model that normalises each recording by itself.
TEST_F(Voices, AnOptionWithoutEffectOnThisModelIsNamed) {
  ASSERT_EQ(
      run({"train", "-c", "c.toml", "--set", "data.normalise_features=utterance", "--out", "each", "--device", "cpu"})
          .code,
      0);
  const auto f = run({"predict", "each", "corpus/audio/u0.wav", "--one-speaker", "--out", "o", "--device", "cpu"});
  EXPECT_EQ(f.code, 0);
  EXPECT_NE(f.err.find("--one-speaker: has no effect, because this model normalises each recording by itself"),
            std::string::npos)
      << f.err;
}

// The engine of the training, which depends on the size of the batches.
TEST_F(Voices, EvalTakesTheEngineOfTheTraining) {
  const auto trained =
      run({"train", "-c", "c.toml", "--set", "trainer.engine=steps", "--out", "steps", "--device", "cpu"});
  ASSERT_EQ(trained.code, 0) << trained.err;
  const auto cpu = run({"eval", "steps", "--device", "cpu"});
  EXPECT_NE(cpu.err.find("trainer.engine is steps: ignored on the CPU"), std::string::npos) << cpu.err;
  if (const std::string why = why_no_gpu(); !why.empty()) GTEST_SKIP() << why;
  const auto gpu = run({"eval", "steps", "--device", "cuda"});
  EXPECT_NE(gpu.err.find("lstm: steps engine"), std::string::npos) << gpu.err;
}

}  // namespace
}  // namespace cutract::test
