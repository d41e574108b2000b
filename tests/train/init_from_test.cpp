// Starting a training from the weights of another model.
#include "train/init_from.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "host/io/atomic_file.h"
#include "model/trained_model.h"
#include "tests/support/support.h"
#include "tests/train/training_run.h"

namespace cutract {
namespace {

using test::TrainingRun;

std::vector<float> values(const Model& m, const std::string& prefix) {
  std::vector<float> out;
  for (const Parameter& p : m.parameters())
    if (p.name.starts_with(prefix))
      out.insert(out.end(), m.values().begin() + p.offset, m.values().begin() + p.offset + p.size);
  return out;
}

TEST_F(TrainingRun, StartsFromTheWeightsOfAnotherModel) {
  go("other", {"trainer.max_epochs=5"});
  const TrainedModel other = load_model(corpus_.folder / "other");
  // With the smallest rate the weights hardly move, so what is saved are the weights that training started from.
  go("new", {"trainer.max_epochs=1", "trainer.seed=5", "optim.lr=1e-9"}, 1, {.init_from = corpus_.folder / "other"});
  const TrainedModel start = load_model(corpus_.folder / "new");
  EXPECT_REL_L2(values(start.model, ""), values(other.model, ""), 1e-6);
  EXPECT_NEAR(start.val_loss, other.val_loss, 1e-5);
  EXPECT_NE(read_file(corpus_.folder / "new/env.json").find("\"init_from\": \"" + corpus_.folder / "other"),
            std::string::npos);
  EXPECT_EQ(read_file(corpus_.folder / "other/env.json").find("init_from"), std::string::npos);
  // A run that continues is not started again.
  go("new", {"trainer.max_epochs=2", "trainer.seed=5", "optim.lr=1e-9"}, 1, {.init_from = corpus_.folder / "nowhere"});
  EXPECT_EQ(lines(corpus_.folder / "new/metrics.csv").size(), 3u);
  EXPECT_NE(read_file(corpus_.folder / "new/env.json").find("\"init_from\": \"" + corpus_.folder / "other"),
            std::string::npos)
      << "the weights it began with are still those";
}

TEST_F(TrainingRun, StartsTheOutputLayerAnewForOtherChannels) {
  go("other", {"trainer.max_epochs=1"});
  const TrainedModel other = load_model(corpus_.folder / "other");
  TrainedModel renamed = other;
  renamed.channels[0].name = "velum";
  renamed.model.initialise(99);
  const TrainedModel before = renamed;
  init_from(renamed, corpus_.folder / "other");
  EXPECT_EQ(values(renamed.model, "lstm."), values(other.model, "lstm."));
  EXPECT_EQ(values(renamed.model, "fc."), values(before.model, "fc."));

  ModelSpec wider = other.model.spec();
  ++wider.outputs;
  TrainedModel more{other.config, Model(wider), other.features, other.targets, other.channels, "tiny", 0, 0};
  more.channels.push_back({"velum", "mm"});
  init_from(more, corpus_.folder / "other");
  EXPECT_EQ(values(more.model, "lstm."), values(other.model, "lstm."));
}

TEST_F(TrainingRun, RefusesToStartFromAModelThatDoesNotFit) {
  go("other", {"trainer.max_epochs=1"});
  EXPECT_FAULT(go("new", {"model.hidden=10"}, 1, {.init_from = corpus_.folder / "other"}), Fault::config,
               "this run has the blocks \"bilstm hidden=10 layers=2 dropout=0.0\", the other model \"bilstm hidden=9 "
               "layers=2 dropout=0.0\"; use the same blocks");
  EXPECT_FAULT(go("deep", {"model.layers=3"}, 1, {.init_from = corpus_.folder / "other"}), Fault::config,
               "this run has the blocks \"bilstm hidden=9 layers=3 dropout=0.0\", the other model ");
  EXPECT_FAULT(go("shallow", {"model.layers=1"}, 1, {.init_from = corpus_.folder / "other"}), Fault::config,
               "this run has the blocks \"bilstm hidden=9 layers=1 dropout=0.0\", the other model ");
  EXPECT_EQ(go("drops", {"model.dropout=0.5"}, 1, {.init_from = corpus_.folder / "other"}).epochs, 3) << "may differ";
  EXPECT_FAULT(go("mels", {"features.n_mels=10"}, 1, {.init_from = corpus_.folder / "other"}), Fault::config,
               "its model was trained with different features");
  EXPECT_FAULT(go("none", {}, 1, {.init_from = corpus_.folder / "nowhere"}), Fault::io, "nowhere");
}

}  // namespace
}  // namespace cutract
