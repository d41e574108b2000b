// Losses, optimizers and schedules in whole runs.
#include <gtest/gtest.h>

#include <cmath>

#include "host/io/atomic_file.h"
#include "model/evaluator.h"
#include "model/trained_model.h"
#include "tests/kernels/on_each_device.h"
#include "tests/support/support.h"
#include "tests/train/training_run.h"
#include "train/trainer.h"

namespace cutract {
namespace {

using test::TrainingRun;
using Settings = std::vector<std::string>;

// One column of metrics.csv.
std::vector<double> column(const std::vector<std::string>& lines, const std::string& name) {
  const auto cells = [](const std::string& line) {
    std::vector<std::string> out;
    std::istringstream in(line);
    for (std::string cell; std::getline(in, cell, ',');) out.push_back(cell);
    return out;
  };
  const std::vector<std::string> head = cells(lines.at(0));
  const auto at = static_cast<std::size_t>(std::find(head.begin(), head.end(), name) - head.begin());
  std::vector<double> out;
  for (std::size_t i = 1; i < lines.size(); ++i) out.push_back(std::stod(cells(lines[i]).at(at)));
  return out;
}

const Settings kCosine{"schedule.name=cosine", "schedule.warmup_epochs=1", "optim.name=sgd", "optim.nesterov=true",
                       "trainer.loss=[\"ccc weight=0.7\", \"velocity weight=0.1\", \"mse weight=0.3\"]"};

TEST_F(TrainingRun, LearnsWithEveryLoss) {
  for (const std::string loss : {"huber delta=0.5", "pearson", "ccc", "[\"mse\", \"velocity weight=0.5\"]"}) {
    SCOPED_TRACE(loss);
    const std::string out = "run" + std::to_string(loss.size());
    go(out, {"trainer.loss=" + loss, "trainer.max_epochs=8"});
    const std::vector<double> loss_of = column(lines(corpus_.folder / out + "/metrics.csv"), "train_loss");
    EXPECT_LT(loss_of.back(), 0.9 * loss_of.front());
  }
}

// Validation runs in batches on the device, and eval utterance by utterance.
TEST_F(TrainingRun, EvalComputesTheLossThatChoseTheModel) {
  for (const std::string loss : {"ccc", "[\"velocity\", \"mae weight=0.2\"]"}) {
    const std::string out = "eval" + std::to_string(loss.size());
    go(out, {"trainer.loss=" + loss, "trainer.batch_size=3"});
    const TrainedModel m = load_model(corpus_.folder / out);
    Exec ex = CpuExec(1);
    Dataset data = load_dataset(ex, read_corpus(corpus_.dir, {}), "val", Extractor(m.config.features), false);
    normalise(ex, data, m.features, m.targets);
    Network network(ex, m.model, compute(m.config));
    const std::vector<Matrix> predicted = run_model(ex, network, data.examples, 1);
    const Scores scores = evaluate(data, predicted, m.channels, "val", m.config);
    EXPECT_NEAR(scores.loss, m.val_loss, 1e-6 * m.val_loss);
    EXPECT_EQ(scores.loss_name, loss == "ccc" ? "ccc" : "velocity + mae weight=0.2");
  }
}

// Three steps an epoch: the rate of the last update of each epoch.
TEST_F(TrainingRun, MovesTheRateWithEveryUpdate) {
  Settings set = kCosine;
  set.emplace_back("trainer.max_epochs=4");
  go("run", set);
  const std::vector<double> lr = column(lines(corpus_.folder / "run/metrics.csv"), "lr");
  ASSERT_EQ(lr.size(), 4u);
  EXPECT_NEAR(lr[0], 0.01 * (0.1 + 0.9 * 2 / 3), 1e-9);
  for (int e = 1; e < 4; ++e) EXPECT_NEAR(lr[e], 0.01 * (1 + std::cos(M_PI * (3 * e - 1) / 9)) / 2, 1e-9) << e;
}

TEST_F(TrainingRun, ResumesInsideAScheduleToTheSameBits) {
  for (const char* schedule : {"cosine", "one-cycle", "step"}) {
    SCOPED_TRACE(schedule);
    const std::string whole = std::string("whole-") + schedule;
    Settings set = kCosine;
    set.emplace_back(std::string("schedule.name=") + schedule);
    set.emplace_back("schedule.step_epochs=2");
    go(whole, set);
    for (const int stop : {4, 6, 8, 11}) {
      const std::string out = std::string("cut-") + schedule + std::to_string(stop);
      int polls = 0;
      EXPECT_EQ(go(out, set, 1, {.stop_signal = [&] { return ++polls == stop ? 15 : 0; }}).signal, 15);
      go(out, set, 2);
      EXPECT_EQ(last_model(out), last_model(whole)) << stop;
      expect_same_metrics(out, whole);
    }
  }
}

// A checkpoint of a run that is continued for longer keeps the curve that it began with.
TEST_F(TrainingRun, ALongerRunKeepsTheLengthOfItsSchedule) {
  go("run", {"schedule.name=cosine", "trainer.max_epochs=2"});
  go("run", {"schedule.name=cosine", "trainer.max_epochs=3"});
  const std::vector<double> lr = column(lines(corpus_.folder / "run/metrics.csv"), "lr");
  EXPECT_NEAR(lr[0], 0.01 * 0.75, 1e-9);
  EXPECT_EQ(lr[2], 0);
}

TEST_F(TrainingRun, OnTheGpuFollowsTheScheduleAndTheLossOfTheCpu) {
  std::optional<Exec> gpu = test::exec_for(test::Device::gpu);
  if (!gpu) GTEST_SKIP() << why_no_gpu();
  go("cpu", kCosine);
  go_on(*gpu, "gpu", kCosine);
  for (const char* name : {"lr", "train_loss", "val_loss"}) {
    const auto cpu = column(lines(corpus_.folder / "cpu/metrics.csv"), name);
    const auto got = column(lines(corpus_.folder / "gpu/metrics.csv"), name);
    for (std::size_t e = 0; e < cpu.size(); ++e) EXPECT_NEAR(got[e], cpu[e], 1e-3 * std::abs(cpu[e])) << name;
  }
}

TEST_F(TrainingRun, TrainsTheExampleOfTheDocs) {
  const std::string doc = read_file(test::source_file("docs/losses-and-schedules.md"));
  std::istringstream in(doc.substr(doc.find("\n## Example")));
  std::string config;
  for (std::string line; std::getline(in, line);)
    if (line.starts_with("    ")) config += line.substr(4) + "\n";
  ASSERT_NE(config.find("[schedule]"), std::string::npos);
  const RunConfig tiny = read_run_config(corpus_.folder.write("tiny.toml", corpus_.config()), {});
  RunConfig c = read_run_config(corpus_.folder.write("example.toml", config), {});
  c.data = tiny.data;
  c.features = tiny.features;
  c.model = tiny.model;
  c.trainer.batch_size = 2;
  TrainOptions options;
  options.run_dir = corpus_.folder / "example";
  Progress progress({.quiet = true, .write = [](const std::string&) {}, .now = std::chrono::steady_clock::now});
  Exec ex = CpuExec(1);
  EXPECT_EQ(train(ex, c, options, progress).epochs, 3);
  EXPECT_EQ(load_model(corpus_.folder / "example").config.trainer.loss.count, 3);
}

}  // namespace
}  // namespace cutract
