// The guarantees of the command line: help, streams, files, signals.
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "host/corpus/importers.h"
#include "host/io/atomic_file.h"
#include "host/io/audio.h"
#include "host/io/npy.h"
#include "tests/cli/process.h"
#include "tests/support/tiny_corpus.h"

namespace cutract {
namespace {

namespace fs = std::filesystem;

class Contract : public testing::Test {
 protected:
  Contract() { corpus_.folder.write("c.toml", corpus_.config()); }
  test::Finished run(const std::vector<std::string>& args) { return test::cutract(args, corpus_.folder.path()); }
  void train() {
    const auto f = run({"train", "-c", "c.toml", "--out", "run", "--device", "cpu"});
    ASSERT_EQ(f.code, 0) << f.err;
    EXPECT_EQ(f.out, "") << "stdout is for results";
  }
  test::TinyCorpus corpus_;
};

// All commands, as lists of words.
const std::vector<std::vector<std::string>> kPlainCommands{{},
                                                           {"train"},
                                                           {"eval"},
                                                           {"predict"},
                                                           {"features"},
                                                           {"corpus"},
                                                           {"corpus", "import"},
                                                           {"corpus", "check"},
                                                           {"corpus", "stats"},
                                                           {"doctor"},
                                                           {"help"},
                                                           {"version"}};

std::vector<std::vector<std::string>> all_commands() {
  std::vector<std::vector<std::string>> all = kPlainCommands;
  for (const Importer& i : importers()) all.push_back({"corpus", "import", i.name});
  return all;
}

TEST_F(Contract, HelpFitsATerminalAndHasAnExample) {
  for (const std::vector<std::string>& words : all_commands()) {
    std::vector<std::string> args = words;
    args.emplace_back("--help");
    const auto f = run(args);
    SCOPED_TRACE(f.out);
    EXPECT_EQ(f.code, 0);
    EXPECT_NE(f.out.find("Example:\n  cutract "), std::string::npos);
    EXPECT_NE(f.out.find("Exit codes:"), std::string::npos);
    for (const char* raw : {"REQUIRED", "Excludes", "POSITIVE", "OPTIONS", "cpu:{", ":{", "TEXT", "Positionals"})
      EXPECT_EQ(f.out.find(raw), std::string::npos) << raw;
    std::istringstream lines(f.out);
    int count = 0;
    for (std::string line; std::getline(lines, line); ++count) EXPECT_LE(line.size(), 80u) << line;
    EXPECT_LT(count, 60);
  }
}

TEST_F(Contract, HelpSubjectIsTheHelpOfThatCommand) {
  for (const std::vector<std::string>& words : all_commands()) {
    if (words == std::vector<std::string>{"help"}) continue;
    std::vector<std::string> asked{"help"};
    asked.insert(asked.end(), words.begin(), words.end());
    std::vector<std::string> direct = words;
    direct.emplace_back("--help");
    const auto f = run(asked);
    EXPECT_EQ(f.code, 0) << f.err;
    EXPECT_EQ(f.err, "");
    EXPECT_EQ(f.out, run(direct).out);
  }
}

TEST_F(Contract, HelpConfigOfASectionOrAKey) {
  const auto section = run({"help", "config", "optim"});
  EXPECT_EQ(section.code, 0) << section.err;
  EXPECT_TRUE(section.out.starts_with("[optim]\n")) << section.out;
  EXPECT_NE(section.out.find("optim.weight_decay"), std::string::npos);
  EXPECT_EQ(section.out.find("model.hidden"), std::string::npos);
  const auto key = run({"help", "config", "optim.lr"});
  EXPECT_EQ(key.out, run({"help", "config", "optim", "lr"}).out);
  EXPECT_TRUE(key.out.starts_with("[optim]\n  optim.lr = 0.001\n      learning rate at the start")) << key.out;
}

TEST_F(Contract, VersionIsAskedForInThreeWays) {
  const auto f = run({"--version"});
  EXPECT_EQ(f.code, 0);
  EXPECT_TRUE(f.out.starts_with("cutract ")) << f.out;
  EXPECT_EQ(run({"-V"}).out, f.out);
  EXPECT_EQ(run({"version"}).out, f.out);
  EXPECT_EQ(run({"version"}).code, 0);
}

TEST_F(Contract, DoctorAlsoAsJson) {
  const auto facts = nlohmann::json::parse(run({"doctor", "--json"}).out);
  for (const char* name : {"cutract", "CPU threads", "BLAS", "GPU", "last GPU run"})
    EXPECT_TRUE(facts.contains(name)) << name;
}

TEST_F(Contract, PrintConfigIsAConfig) {
  const auto f = run({"train", "-c", "c.toml", "--set", "model.hidden=31", "--seed", "5", "--print-config"});
  EXPECT_EQ(f.code, 0);
  EXPECT_NE(f.out.find("hidden = 31"), std::string::npos);
  corpus_.folder.write("again.toml", f.out);
  EXPECT_EQ(run({"train", "-c", "again.toml", "--print-config"}).out, f.out);
}

TEST_F(Contract, HelpConfigListsEverySettingIn80Columns) {
  const auto f = run({"help", "config"});
  EXPECT_EQ(f.code, 0);
  std::istringstream lines(f.out);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80u) << line;
  for (const char* key : {"model.hidden", "features.preset", "optim.weight_decay", "trainer.seed"})
    EXPECT_NE(f.out.find(key), std::string::npos) << key;
}

TEST_F(Contract, EvalPrintsATableOrOneJsonObject) {
  train();
  const auto table = run({"eval", "run", "--json", "scores.json", "--device", "cpu"});
  EXPECT_EQ(table.code, 0) << table.err;
  EXPECT_NE(table.out.find("height"), std::string::npos);
  EXPECT_EQ(table.out.find('\033'), std::string::npos) << "no colour in a file";
  const auto json = run({"eval", "run", "--json", "-", "--device", "cpu"});
  const auto scores = nlohmann::json::parse(json.out);
  EXPECT_EQ(scores, nlohmann::json::parse(read_file(corpus_.folder / "scores.json")));
  for (const char* key : {"split", "frames", "utterances", "loss", "rmse", "mae", "pearson", "pearson_utterance",
                          "rmse_units", "channels", "speakers", "targets"})
    EXPECT_TRUE(scores.contains(key)) << key;
  EXPECT_EQ(scores["split"], "test");
  EXPECT_EQ(scores["utterances"], 2);
  EXPECT_EQ(scores["targets"], nlohmann::json::array()) << "none is set";
  EXPECT_EQ(scores["model"], "run");
  EXPECT_EQ(scores["corpus"], "tiny");
  EXPECT_EQ(scores["per_utterance"].size(), 2u);
  EXPECT_EQ(scores["per_utterance"][0]["id"], "u8");
  EXPECT_EQ(table.out.find("target"), std::string::npos) << table.out;
  EXPECT_EQ(scores["channels"][1]["name"], "opening");
  EXPECT_EQ(nlohmann::json::parse(
                run({"eval", "run", "--split", "train", "--json", "-", "--device", "cpu"}).out)["utterances"],
            6);
}

TEST_F(Contract, PredictWritesEveryFormatFromAnyRate) {
  train();
  const Audio audio = read_audio(corpus_.dir + "/audio/u9.wav");
  write_audio(corpus_.folder / "other.flac", {44100, resample(audio.samples, 8000, 44100)});
  for (const std::string format : {"csv", "npz", "json"}) {
    const auto f = run(
        {"predict", "run", "corpus/audio/u9.wav", "other.flac", "--format", format, "--out", "p", "--device", "cpu"});
    EXPECT_EQ(f.code, 0) << f.err;
    for (const char* stem : {"u9.", "other."})
      EXPECT_GT(fs::file_size(corpus_.folder / ("p/" + (stem + format))), 100u);
  }
  const auto piped = run({"predict", "run", "corpus/audio/u9.wav", "--out", "-", "--device", "cpu"});
  EXPECT_EQ(piped.out, read_file(corpus_.folder / "p/u9.csv"));
  EXPECT_TRUE(piped.out.starts_with("time_s,height_mm,opening_mm\n"));
  const auto json = nlohmann::json::parse(read_file(corpus_.folder / "p/other.json"));
  EXPECT_EQ(run({"predict", "run", "a/x.wav", "b/x.wav", "--device", "cpu"}).code, 2) << "would overwrite each other";
}

TEST_F(Contract, EvalWritesAReport) {
  train();
  const auto f = run({"eval", "run", "--json", "-", "--report", "run/test report", "--device", "cpu"});
  EXPECT_EQ(f.code, 0) << f.err;
  EXPECT_TRUE(nlohmann::json::accept(f.out)) << "the JSON alone";
  const std::string page = read_file(corpus_.folder / "run/test report/eval-test.html");
  for (const char* part : {"Scores on split test", "<h2>Learning</h2>", "Predicted and measured movement",
                           "<details><summary>By utterance (2)", "u8, speaker b", "u9, speaker a", "<td>opening</td>"})
    EXPECT_NE(page.find(part), std::string::npos) << part;
  // A lone model file has no training curves to show, even if there is a metrics.csv in the same folder.
  fs::create_directories(corpus_.folder / "a/b");
  std::string best = read_file(corpus_.folder / "run/checkpoints/best");
  best.pop_back();
  fs::copy(corpus_.folder / ("run/checkpoints/" + best + "/model.safetensors"),
           corpus_.folder / "a/b/alone.safetensors");
  fs::copy(corpus_.folder / "run/metrics.csv", corpus_.folder / "a/metrics.csv");
  EXPECT_EQ(run({"eval", "a/b/alone.safetensors", "--report", "alone", "--device", "cpu"}).code, 0);
  EXPECT_EQ(read_file(corpus_.folder / "alone/eval-test.html").find("<h2>Learning</h2>"), std::string::npos);
  EXPECT_EQ(run({"eval", "run", "--report", "c.toml", "--device", "cpu"}).code, 5) << "a file is in the way";
}

// A path in a config is relative to the folder in which training ran; the run stores the absolute path.
TEST_F(Contract, EvalFindsTheCorpusFromAnotherFolder) {
  const auto trained = run({"train", "-c", "c.toml", "--set", "data.corpus=corpus", "--out", "run", "--device", "cpu"});
  ASSERT_EQ(trained.code, 0) << trained.err;
  const std::string model = corpus_.folder / "run";
  const auto elsewhere = test::cutract({"eval", model, "--device", "cpu"}, "/");
  EXPECT_EQ(elsewhere.code, 0) << elsewhere.err;
  fs::rename(corpus_.folder / "corpus", corpus_.folder / "moved");
  const auto gone = run({"eval", "run", "--device", "cpu"});
  EXPECT_EQ(gone.code, 5);
  EXPECT_NE(gone.err.find("give its folder with --corpus DIR"), std::string::npos) << gone.err;
  EXPECT_EQ(run({"eval", "run", "--device", "cpu", "--corpus", "moved"}).code, 0);
  const auto again = run({"train", "-c", "c.toml", "--set", "data.corpus=corpus", "--out", "new", "--device", "cpu"});
  EXPECT_EQ(again.code, 5);
  EXPECT_NE(again.err.find("corpus: is not a corpus folder"), std::string::npos) << again.err;
  EXPECT_NE(again.err.find("--set data.corpus=DIR"), std::string::npos) << again.err;
}

TEST_F(Contract, PredictPlots) {
  train();
  const auto f = run({"predict", "run", "corpus/audio/u9.wav", "--plot", "--out", "p", "--device", "cpu"});
  EXPECT_EQ(f.code, 0) << f.err;
  EXPECT_GT(fs::file_size(corpus_.folder / "p/u9.csv"), 100u);
  const std::string page = read_file(corpus_.folder / "p/u9.html");
  for (const char* part :
       {"<h1>Predicted movement: corpus/audio/u9.wav</h1>", "Predicted by model run: ", " frames at 100 Hz.",
        "<dt>feature statistics</dt>", "<strong>height</strong>", "<strong>opening</strong>", "time (s)"})
    EXPECT_NE(page.find(part), std::string::npos) << part;
  const auto piped = run({"predict", "run", "corpus/audio/u9.wav", "--plot", "--out", "-", "--device", "cpu"});
  EXPECT_EQ(piped.code, 2);
  EXPECT_NE(piped.err.find("--plot: "), std::string::npos) << piped.err;
}

TEST_F(Contract, FeaturesWritesNpy) {
  const auto f = run({"features", "corpus/audio/u0.wav", "--preset", "kaldi", "--out", "feats"});
  EXPECT_EQ(f.code, 0) << f.err;
  EXPECT_EQ(read_npy(corpus_.folder / "feats/u0.npy").cols, 80);
}

TEST_F(Contract, CorpusCheckAndStats) {
  const auto check = run({"corpus", "check", "corpus"});
  EXPECT_EQ(check.code, 0) << check.err;
  EXPECT_NE(check.out.find("10 utterances (test 2, train 6, val 2): all OK"), std::string::npos) << check.out;
  const auto stats = run({"corpus", "stats", "corpus"});
  EXPECT_EQ(stats.code, 0) << stats.err;
  EXPECT_NE(stats.out.find("opening"), std::string::npos);
}

TEST_F(Contract, FastDevRunWritesNothing) {
  for (const char* flag : {"--fast-dev-run", "--fast-dev-run=2"}) {
    const auto f = run({"train", "-c", "c.toml", "--out", "dev", flag, "--device", "cpu"});
    EXPECT_EQ(f.code, 0) << f.err;
    EXPECT_FALSE(fs::exists(corpus_.folder / "dev"));
  }
}

TEST_F(Contract, SignalsEndWithTheirCodeAndTheRunGoesOn) {
  for (const auto& [number, code] : {std::pair{SIGINT, 130}, std::pair{SIGTERM, 143}, std::pair{SIGHUP, 129}}) {
    const std::string out = "signal" + std::to_string(code);
    const std::vector<std::string> args{"train",
                                        "-c",
                                        "c.toml",
                                        "--out",
                                        out,
                                        "--device",
                                        "cpu",
                                        "--set",
                                        "trainer.max_epochs=100000",
                                        "--set",
                                        "trainer.early_stopping_patience=0"};
    const pid_t child =
        test::start_cutract(args, corpus_.folder.path(), corpus_.folder / "out", corpus_.folder / "err");
    for (int i = 0; i < 1000 && !fs::exists(corpus_.folder / (out + "/checkpoints/last")); ++i) usleep(20000);
    kill(child, SIGUSR1);
    for (int i = 0; i < 1000 && read_file(corpus_.folder / "err").find("; still training") == std::string::npos; ++i)
      usleep(20000);
    kill(child, number);
    EXPECT_EQ(test::wait_for(child), code) << read_file(corpus_.folder / "err");
    EXPECT_NE(read_file(corpus_.folder / "err").find("run the same command again to continue"), std::string::npos);
    EXPECT_EQ(run({"eval", out, "--device", "cpu"}).code, 0);
  }
}

// The first signal asks for a stop, which a long step may delay; a second one, of any kind, does not wait for the step.
TEST_F(Contract, ASecondSignalEndsTheProcessWithinASecond) {
  const std::vector<std::string> args{
      "train",         "-c", "c.toml", "--out", "twice", "--device", "cpu", "--set", "model.hidden=1500", "--set",
      "model.layers=4"};
  const pid_t child = test::start_cutract(args, corpus_.folder.path(), corpus_.folder / "out", corpus_.folder / "err");
  for (int i = 0; i < 1000 && !fs::exists(corpus_.folder / "twice/config.toml"); ++i) usleep(20000);
  usleep(300000);
  const auto began = std::chrono::steady_clock::now();
  kill(child, SIGINT);
  kill(child, SIGTERM);
  const int code = test::wait_for(child);
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::milliseconds(1500));
  EXPECT_TRUE(code == 130 || code == 143) << code;
}

TEST_F(Contract, ClosedStandardStreamsDoNoHarm) {
  const std::string line = "cd '" + corpus_.folder.path() + "' && '" + CUTRACT_BINARY +
                           "' train -c c.toml --out closed --device cpu <&- >&- 2>&-";
  EXPECT_EQ(std::system(line.c_str()), 0);
  const std::string csv = read_file(corpus_.folder / "closed/metrics.csv");
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 4) << csv;
  EXPECT_EQ(csv.find("train:"), std::string::npos);
}

TEST_F(Contract, QuietAndDoctor) {
  EXPECT_EQ(run({"train", "-c", "c.toml", "--out", "q", "--quiet", "--device", "cpu"}).err, "");
  const std::string doctor = run({"doctor"}).out;
  for (const char* part : {"\nBLAS ", "\nGPU ", "\nlast GPU run  "})
    EXPECT_NE(doctor.find(part), std::string::npos) << part;
}

}  // namespace
}  // namespace cutract
