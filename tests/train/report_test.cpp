// The files of a run that people look at: metrics.csv, TensorBoard's events, report.html.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>

#include "eval/report/history.h"
#include "host/io/atomic_file.h"
#include "model/evaluator.h"
#include "tests/support/tiny_corpus.h"
#include "train/run_report.h"
#include "train/trainer.h"

namespace cutract {
namespace {

namespace fs = std::filesystem;

class RunReport : public testing::Test {
 protected:
  TrainResult go(const std::string& out, const std::vector<std::string>& set) {
    const RunConfig config = read_run_config(corpus_.folder.write("config.toml", corpus_.config()), set);
    Exec ex = CpuExec(1);
    Progress progress({.quiet = true, .write = [](const std::string&) {}, .now = std::chrono::steady_clock::now});
    return train(ex, config, {.run_dir = corpus_.folder / out}, progress);
  }
  std::string page(const std::string& out) { return read_file(corpus_.folder / out + "/report.html"); }
  test::TinyCorpus corpus_;
};

TEST_F(RunReport, ShowsEveryEpochAlsoAfterResume) {
  go("run", {"trainer.max_epochs=2"});
  EXPECT_NE(page("run").find("2 of at most 2 epochs, "), std::string::npos);
  go("run", {"trainer.max_epochs=4"});
  const std::string report = page("run");
  const auto history = read_history(corpus_.folder / "run");
  ASSERT_EQ(history.size(), 4u);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(history[i].epoch, static_cast<int>(i) + 1);
    ASSERT_EQ(history[i].channel_rmse.size(), 2u);
    EXPECT_GT(std::min(history[i].channel_rmse[0], history[i].channel_rmse[1]), 0);
  }
  char first[32], last[32];
  std::snprintf(first, sizeof first, "%.3f", history[0].channel_rmse[1]);
  std::snprintf(last, sizeof last, "%.3f", history[3].channel_rmse[1]);
  const std::string row = report.substr(report.find("<tr><td>opening</td>", report.find("Validation RMSE by channel")));
  EXPECT_EQ(row.find(std::string("<td>mm</td><td>") + first + "</td>"), std::string("<tr><td>opening</td>").size())
      << row;
  EXPECT_LT(row.find(std::string("<td>") + last + "</td><td><svg"), row.find("</tr>")) << row;
  EXPECT_EQ(report.find("http-equiv=\"refresh\""), std::string::npos) << "it has ended";
  for (const char* part :
       {"4 of at most 4 epochs, ", "<dt>resumed after epoch 2</dt>", "<dt>ended</dt>", "<dd>tiny</dd>", "2 x 9 Bi-LSTM",
        "<dd>CPU, 1 thread</dd>", "<dt>seed</dt><dd>17</dd>", "6 utterances, ", "Scores on split val, epoch "})
    EXPECT_NE(report.find(part), std::string::npos) << part;
}

// Failing to write the report or another file that people look at does not stop training.
TEST_F(RunReport, FailureWarnsOnceAndTrainingGoesOn) {
  go("run", {"trainer.max_epochs=1"});
  fs::remove(corpus_.folder / "run/report.html");
  fs::create_directories(corpus_.folder / "run/report.html/in the way");  // a file cannot take its place
  testing::internal::CaptureStderr();
  EXPECT_EQ(go("run", {"trainer.max_epochs=3"}).epochs, 3);
  const std::string text = testing::internal::GetCapturedStderr();
  const auto at = text.find("report.html");
  EXPECT_NE(at, std::string::npos) << text;
  EXPECT_EQ(text.find("report.html", text.find('\n', at)), std::string::npos)
      << "once, though it is written twice: " << text;
  EXPECT_EQ(read_history(corpus_.folder / "run").size(), 3u);
}

// The split has only two utterances, so their traces contain every error that the scores count.
TEST_F(RunReport, TracesHaveTheErrorThatTheScoresReport) {
  for (const std::string scope : {"utterance", "speaker", "corpus"}) {
    SCOPED_TRACE(scope);
    go("run-" + scope, {"data.normalise_targets=" + scope, "trainer.max_epochs=5"});
    TrainedModel m = load_model(corpus_.folder / ("run-" + scope));
    Exec ex = CpuExec(1);
    const Extractor extractor(m.config.features);
    Dataset data = load_dataset(ex, read_corpus(corpus_.dir), "test", extractor, false);
    std::vector<Matrix> measured;
    for (const auto& e : data.examples) measured.push_back(e.targets);
    normalise(ex, data, m.features, m.targets);
    Network network(ex, m.model);
    const auto predicted = run_model(ex, network, data.examples, 8);
    const Scores scores = evaluate(data, predicted, m.channels, "test", m.config);
    const auto traces = telling_traces(data, measured, predicted, extractor);
    ASSERT_EQ(traces.size(), 2u);
    EXPECT_NE(traces[0].title.find("the lowest of 2 utterances"), std::string::npos) << traces[0].title;
    EXPECT_NE(traces[1].title.find("the highest of 2 utterances"), std::string::npos) << traces[1].title;
    for (std::size_t c = 0; c < 2; ++c) {
      double sum = 0, n = 0;
      for (const Trace& t : traces)
        for (Index i = 0; i < t.predicted.rows; ++i, ++n)
          sum += std::pow(static_cast<double>(t.predicted.row(i)[c]) - static_cast<double>(t.measured.row(i)[c]), 2);
      EXPECT_NEAR(std::sqrt(sum / n) / scores.channels[c].rmse_units, 1, 1e-5);
    }
    if (scope == "utterance") continue;
    for (const Trace& t : traces) {
      const auto i = static_cast<std::size_t>(t.title.find(data.examples[0].id) == 0 ? 0 : 1);
      Matrix inverted = predicted[i];
      m.targets.invert(inverted.view(), data.examples[i].speaker);
      EXPECT_REL_L2(t.predicted.values, inverted.values, 1e-6);
      EXPECT_EQ(t.measured.values, measured[i].values);
    }
  }
}

TEST_F(RunReport, OfManyUtterancesTheMedianIsOneOfThem) {
  Dataset data;
  std::vector<Matrix> predicted, measured;
  for (const float error : {3.0f, 1.0f, 2.0f, 5.0f, 4.0f}) {
    data.examples.push_back({std::to_string(static_cast<int>(error)), "s", {}, Matrix(1, 1), {2.0}});
    predicted.emplace_back(1, 1);
    predicted.back().values[0] = error;
    measured.emplace_back(1, 1);
    measured.back().values[0] = 10;
  }
  const auto traces = telling_traces(data, measured, predicted, Extractor(FeatureConfig{}));
  ASSERT_EQ(traces.size(), 3u);
  EXPECT_TRUE(traces[0].title.starts_with("1, speaker s: RMSE 1.000 (z), the lowest")) << traces[0].title;
  EXPECT_TRUE(traces[1].title.starts_with("3, ")) << traces[1].title;
  EXPECT_TRUE(traces[2].title.starts_with("5, ")) << traces[2].title;
  EXPECT_EQ(traces[2].predicted.values[0], 20) << "10 and 5 z of 2 units";
}

TEST(History, ReadsWhatItWrote) {
  Scores val;
  val.loss = 1.0 / 3;
  val.rmse = 0.5;
  val.mae = 0.4;
  val.channels = {{"a,b", "mm", 0, 0, 1.25, 0.5}, {"jaw", "rad", 0, 0, 0.0625, {}}};
  const EpochRecord r{7, 70, 0.25, 1e-3, 0.5, 2, &val, 1234.5, 8.25};
  const EpochPoint p = parse_metrics_line(metrics_line(r), 2);
  EXPECT_EQ(p.epoch, 7);
  EXPECT_EQ(p.train_loss, 0.25);
  EXPECT_NEAR(p.val_loss, 1.0 / 3, 1e-9);
  EXPECT_TRUE(std::isnan(p.val_pearson)) << "undefined";
  EXPECT_EQ(p.lr, 1e-3);
  EXPECT_EQ(p.seconds, 8.25);
  EXPECT_EQ(p.channel_rmse, (std::vector<double>{1.25, 0.0625}));
  EXPECT_TRUE(metrics_header(std::vector<Channel>{{"a,b", "mm"}, {"jaw", "rad"}})
                  .ends_with(",seconds,\"rmse_mm/a,b\",rmse/jaw,\"r/a,b\",r/jaw\n"));
  EXPECT_TRUE(metrics_line(r).ends_with(",1.25,0.0625,0.5,\n")) << metrics_line(r);
  const test::TempFolder folder;
  folder.write("metrics.csv", metrics_header(std::vector<Channel>{{"a,b", "mm"}, {"jaw", "rad"}}) + metrics_line(r));
  EXPECT_EQ(read_history(folder.path()).at(0).channel_rmse, p.channel_rmse) << "the header says how many channels";
  val.pearson = 0.75;
  EXPECT_EQ(parse_metrics_line(metrics_line(r), 2).val_pearson, 0.75);
}

// A disk that was full, or another program, may have left anything in it.
TEST(History, LeavesOutDamagedLines) {
  const test::TempFolder folder;
  std::string text = metrics_header(std::vector<Channel>{{"x", "mm"}});
  for (const char* epoch : {"1", "nan", "1e300", "-3", "0", "99999999999", "", "2"})
    text += std::string(epoch) + ",10,0.5\n";
  folder.write("metrics.csv", text + "3");
  const std::vector<EpochPoint> epochs = read_history(folder.path());
  ASSERT_EQ(epochs.size(), 2u);
  EXPECT_EQ(epochs[0].epoch, 1);
  EXPECT_EQ(epochs[1].epoch, 2);
  EXPECT_EQ(epochs[1].train_loss, 0.5);
  EXPECT_EQ(metrics_lines(folder / "metrics.csv", 1), (std::vector<std::string>{"1,10,0.5\n"}));
}

TEST(History, KnowsTheScalarsOfTensorBoard) {
  Scores val;
  val.loss = 0.5;
  val.channels = {{"tt_x", "mm", 0, 0, 1.25, 0.5}, {"jaw", "rad", 0, 0, 0.0625, {}}};
  std::vector<std::string> tags;
  for (const Scalar& s : scalars({1, 10, 0.25, 1e-3, 0.5, 0, &val, 1000, 1})) tags.push_back(s.tag);
  EXPECT_EQ(tags,
            (std::vector<std::string>{"loss/train", "loss/val", "lr", "grad_norm", "frames_per_s", "skipped_steps",
                                      "rmse_z/val", "mae_z/val", "rmse_mm/tt_x", "rmse/jaw", "r/tt_x"}));
}

TEST(History, OfAnOlderRunHasNoChannels) {
  const test::TempFolder folder;
  EXPECT_TRUE(read_history(folder.path()).empty());
  folder.write("metrics.csv", "epoch,step,...\n1,14,0.8,0.6,0.7,0.5,0.6,0.001,0.2,0,17680,2.15\n2,28,0.7\n");
  const auto epochs = read_history(folder.path());
  ASSERT_EQ(epochs.size(), 2u);
  EXPECT_EQ(epochs[0].val_loss, 0.6);
  EXPECT_TRUE(epochs[0].channel_rmse.empty());
  EXPECT_TRUE(std::isnan(epochs[1].val_loss)) << "a line cut short by a crash";
}

// A run was resumed after a process had written events beyond its last good checkpoint. TensorBoard's own reader sees
// every epoch once.
TEST_F(RunReport, TensorBoardReadsWhatMetricsCsvSays) {
  go("run", {"trainer.max_epochs=5", "trainer.save_top_k=9"});
  const std::string checkpoints = corpus_.folder / "run/checkpoints";
  for (const auto& e : fs::directory_iterator(checkpoints)) {
    const std::string name = e.path().filename().string();
    if (name.starts_with("epoch=0004") || name.starts_with("epoch=0005"))
      fs::resize_file(e.path() / "state.safetensors", 9);
  }
  EXPECT_EQ(go("run", {"trainer.max_epochs=7", "trainer.save_top_k=9"}).epochs, 7);
  EXPECT_TRUE(go("run", {"trainer.max_epochs=7", "trainer.save_top_k=9"}).already_finished);
  std::vector<std::string> files;
  for (const auto& e : fs::directory_iterator(corpus_.folder / "run"))
    if (e.path().filename().string().starts_with("events.out.tfevents.")) files.push_back(e.path().string());
  ASSERT_EQ(files.size(), 2u) << "one a process, none for a run that had nothing to do";
  std::sort(files.begin(), files.end());
  // This is checked even without TensorBoard: the second record is the session's start, and its step follows the time
  // of day.
  const std::string bytes = read_file(files[1]);
  const std::size_t second = static_cast<std::size_t>(bytes.at(0)) + 16 + 12;
  EXPECT_EQ(bytes.substr(second + 9, 3), "\x10\x04\x3A") << "step 4, then the session";

  const char* chosen = std::getenv("CUTRACT_PYTHON");
  const std::string command = std::string(chosen ? chosen : "python3") + " -B " +
                              test::source_file("tests/train/read_events.py") + " " + (corpus_.folder / "run");
  const int status = std::system(command.c_str());
  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == 77)
    GTEST_SKIP() << "no tensorboard for Python here; CUTRACT_PYTHON names another interpreter";
  EXPECT_EQ(WEXITSTATUS(status), 0) << "see above";
}

}  // namespace
}  // namespace cutract
