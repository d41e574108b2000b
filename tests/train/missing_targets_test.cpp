// Runs on corpora some of whose targets were not measured.
#include <gtest/gtest.h>

#include <cmath>

#include "host/io/atomic_file.h"
#include "host/io/npy.h"
#include "model/evaluator.h"
#include "model/trained_model.h"
#include "tests/kernels/on_each_device.h"
#include "tests/train/training_run.h"
#include "train/training_data.h"

namespace cutract {
namespace {

using test::TrainingRun;

class MissingTargets : public TrainingRun {
 protected:
  // Changes the tracks of all utterances: `gone(speaker, frame, channel)` says which values become NaN.
  void remove(const std::function<bool(const std::string&, Index, Index)>& gone) {
    const Corpus corpus = read_corpus(corpus_.dir);
    for (const Utterance& u : corpus.utterances) {
      Matrix m = read_npy(corpus_.dir + "/" + u.articulation);
      for (Index t = 0; t < m.rows; ++t)
        for (Index c = 0; c < m.cols; ++c)
          if (gone(u.speaker, t, c)) m.row(t)[c] = std::nanf("");
      corpus_.folder.write("corpus/" + u.articulation, encode_npy(m.view()));
    }
  }
  void remove_a_twentieth() {
    remove([this](const std::string&, Index, Index) { return rng_.below(20) == 0; });
  }
  std::string log(const std::string& out) { return read_file(corpus_.folder / out + "/train.log"); }
  double first_train_loss(const std::string& out) {
    const std::string row = lines(corpus_.folder / out + "/metrics.csv").at(1);
    return std::stod(row.substr(row.find(',', row.find(',') + 1) + 1));
  }
  // A split, normalised by the statistics of a model.
  Dataset normalised(const std::string& split, const TrainedModel& m) {
    Exec ex = CpuExec(1);
    Dataset data = load_dataset(ex, read_corpus(corpus_.dir), split, Extractor(m.config.features), false);
    normalise(ex, data, m.features, m.targets);
    return data;
  }
  test::Rng rng_{21};
};

struct Errors {
  double square = 0, magnitude = 0, values = 0;
};

// Over the measured targets, directly.
Errors errors(const std::vector<Example>& examples, const std::vector<Matrix>& predicted) {
  Errors out;
  for (std::size_t i = 0; i < examples.size(); ++i)
    for (std::size_t k = 0; k < predicted[i].values.size(); ++k) {
      const double target = examples[i].targets.values[k];
      if (std::isnan(target)) continue;
      const double e = static_cast<double>(predicted[i].values[k]) - target;
      out.square += e * e;
      out.magnitude += std::abs(e);
      out.values += 1;
    }
  return out;
}

// Without dropout, and with one batch an epoch, the first epoch's training loss is that of the initial model.
TEST_F(MissingTargets, TheFirstLossIsTheMeanOverWhatIsMeasured) {
  remove_a_twentieth();
  const std::vector<std::string> set{"trainer.batch_size=6", "model.dropout=0", "trainer.max_epochs=1"};
  go("run", set);
  EXPECT_NE(log("run").find("target values are missing ("), std::string::npos) << log("run");
  RunConfig config = read_run_config(corpus_.folder / "config.toml", set);
  Exec ex = CpuExec(1);
  const Corpus corpus = open_corpus(config.data);
  const Extractor extractor(config.features);
  TrainingData data = load_training_data(ex, config, corpus, extractor, [] {});
  normalise(ex, data.train, data.features, data.targets);
  Model model(model_spec(config.model, extractor.dim(), 2));
  model.initialise(static_cast<std::uint64_t>(config.trainer.seed));
  Network network(ex, model);
  const Errors e = errors(data.train.examples, run_model(ex, network, data.train.examples, 6));
  EXPECT_NEAR(first_train_loss("run") / (e.square / e.values), 1, 1e-6);
  EXPECT_LT(e.values, 2.0 * static_cast<double>(data.train.frames()));
}

TEST_F(MissingTargets, TrainingResumesToTheSameBits) {
  remove_a_twentieth();
  const std::string loss = "trainer.loss=[\"mse\", \"ccc weight=0.5\", \"velocity\", \"pearson weight=0.1\"]";
  go("whole", {"trainer.max_epochs=4", loss});
  go("resumed", {"trainer.max_epochs=2", loss});
  go("resumed", {"trainer.max_epochs=4", loss}, 3);
  EXPECT_EQ(last_model("resumed"), last_model("whole"));
  std::optional<Exec> gpu = test::exec_for(test::Device::gpu);
  if (!gpu) return;
  const double there = go_on(*gpu, "gpu", {"trainer.max_epochs=2", loss}).best_val_loss;
  EXPECT_NEAR(there / go("cpu", {"trainer.max_epochs=2", loss}).best_val_loss, 1, 1e-6);
}

// Speaker b has no channel "opening": no loss, no statistics and no score there, in every scope of normalisation.
TEST_F(MissingTargets, ASpeakerMayLackAChannel) {
  remove([](const std::string& speaker, Index t, Index c) { return (speaker == "b" && c == 1) || (t == 3 && c == 0); });
  for (const std::string scope : {"utterance", "speaker", "corpus"}) {
    SCOPED_TRACE(scope);
    const std::string run = "run-" + scope;
    go(run, {"data.normalise_targets=" + scope});
    EXPECT_NE(log(run).find("train: never measured: opening of speaker b"), std::string::npos) << log(run);
    const TrainedModel m = load_model(corpus_.folder / run);
    if (scope == "speaker") {
      EXPECT_EQ(m.targets.statistics("b").std[1], m.targets.statistics("").std[1]);
      EXPECT_EQ(m.targets.statistics("b").mean[1], m.targets.statistics("a").mean[1]) << "only a has it";
    }
    const Dataset data = normalised("test", m);
    Exec ex = CpuExec(1);
    Network network(ex, m.model);
    const std::vector<Matrix> predicted = run_model(ex, network, data.examples, 1);
    const Scores one = evaluate(data, predicted, m.channels, "test", m.config);
    const Errors want = errors(data.examples, predicted);
    EXPECT_NEAR(one.rmse, std::sqrt(want.square / want.values), 1e-12);
    EXPECT_NEAR(one.mae, want.magnitude / want.values, 1e-12);
    EXPECT_NEAR(one.loss, want.square / want.values, 1e-12);
    EXPECT_EQ(one.speakers.at(1).lacking, std::vector<std::string>{"opening"});
    EXPECT_TRUE(one.speakers.at(0).lacking.empty());
    for (const int batch : {1, 2}) {
      const Scores all = Evaluator(ex, data, batch)(ex, network, m.channels, "test", m.config);
      EXPECT_NEAR(all.loss, one.loss, 1e-7) << batch;
      EXPECT_NEAR(all.rmse, one.rmse, 1e-7) << batch;
      EXPECT_EQ(all.missing, one.missing);
    }
  }
}

TEST_F(MissingTargets, AChannelThatIsNeverMeasuredIsRefused) {
  remove([](const std::string&, Index, Index c) { return c == 1; });
  EXPECT_FAULT(go("run"), Fault::data,
               "corpus: channel opening is never measured in split \"train\", so there is nothing to learn; leave it "
               "out of the corpus");
  remove([](const std::string&, Index, Index) { return true; });
  EXPECT_FAULT(go("run"), Fault::data, "all target values in split \"train\" are missing (NaN), expected at least one");
}

// Gaps of up to 20 ms are two frames here. The setting changes what is learned, so a run cannot be resumed with
// another.
TEST_F(MissingTargets, ShortGapsAreFilledAtLoad) {
  remove(
      [](const std::string&, Index t, Index c) { return (c == 0 && t % 20 < 2 && t > 2) || (c == 1 && t % 20 < 3); });
  go("run", {"data.fill_gaps_ms=20", "trainer.max_epochs=1"});
  EXPECT_NE(log("run").find("train: filled "), std::string::npos) << log("run");
  EXPECT_NE(log("run").find("; the longest lasts 20 ms"), std::string::npos) << log("run");
  const TrainedModel m = load_model(corpus_.folder / "run");
  EXPECT_EQ(m.config.data.fill_gaps_ms, 20);
  Corpus corpus = open_corpus(m.config.data);
  Exec ex = CpuExec(1);
  const Dataset data = load_dataset(ex, corpus, "train", Extractor(m.config.features), false);
  Index missing[2] = {};
  for (const Example& e : data.examples)
    for (Index t = 0; t < e.targets.rows; ++t)
      for (Index c = 0; c < 2; ++c) missing[c] += std::isnan(e.targets.row(t)[c]);
  EXPECT_EQ(missing[0], 0);
  EXPECT_GT(missing[1], 0);
  EXPECT_FAULT(go("run", {"data.fill_gaps_ms=30", "trainer.max_epochs=2"}), Fault::config, "data.fill_gaps_ms was 20");
}

}  // namespace
}  // namespace cutract
