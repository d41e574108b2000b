#include "train/config.h"

#include <gtest/gtest.h>

#include "tests/support/support.h"

namespace cutract {
namespace {

RunConfig from(const std::string& text, std::vector<std::string> set = {}) {
  const test::TempFolder folder;
  return read_run_config(folder.write("c.toml", text), set);
}

TEST(RunConfig, DefaultsAreTheBaselineWithoutTargets) {
  RunConfig file = read_run_config(test::source_file("configs/baseline.toml"), {});
  EXPECT_EQ(file.eval.rmse, 0.15);
  EXPECT_EQ(file.eval.pearson, 0.5);
  EXPECT_EQ(file.eval.mae, 0.12);
  EXPECT_EQ(file.eval.loss, 0.0225);
  file.eval = {};
  EXPECT_EQ(write_run_config(file), write_run_config(RunConfig{.features = checked(FeatureConfig{})}));
  EXPECT_EQ(file.features.n_mels, 80);
  EXPECT_EQ(file.model.hidden, 128);
  EXPECT_EQ(file.trainer.early_stopping_patience, 10);
}

TEST(RunConfig, WhatIsWrittenReadsBackTheSame) {
  RunConfig c = from("[model]\nhidden = 3\ndropout = 0.123456789012345\n[features]\npreset = \"kaldi\"\nn_mels = 40\n",
                     {"optim.lr=3.3e-4", "data.corpus=some where"});
  EXPECT_EQ(c.features.window, "povey");
  EXPECT_EQ(c.features.n_mels, 40);
  EXPECT_EQ(c.data.corpus, "some where");
  const std::string text = write_run_config(c);
  EXPECT_EQ(write_run_config(parse_run_config(text, "again")), text);
}

TEST(RunConfig, ATargetIsSetOrAbsent) {
  const RunConfig none = from("");
  EXPECT_FALSE(none.eval.rmse || none.eval.pearson || none.eval.mae || none.eval.loss);
  EXPECT_EQ(write_run_config(none).find("target_"), std::string::npos);
  const RunConfig some = from("[eval]\ntarget_rmse = 1\n", {"eval.target_pearson=-0.25"});
  const RunConfig again = parse_run_config(write_run_config(some), "again");
  EXPECT_EQ(again.eval.rmse, 1.0);
  EXPECT_EQ(again.eval.pearson, -0.25);
  EXPECT_FALSE(again.eval.mae || again.eval.loss);
  EXPECT_FAULT(from("[eval]\ntarget_pearson = 1.5\n"), Fault::config, "eval.target_pearson = 1.5 is outside [-1, 1]");
  EXPECT_FAULT(from("[eval]\ntarget_rmse = \"low\"\n"), Fault::config, "eval.target_rmse: expected a number");
  EXPECT_NE(help_run_config().find("eval.target_rmse = unset"), std::string::npos);
}

TEST(RunConfig, AllMistakesInOnePass) {
  const std::string bad = "[model]\nhiden = 3\nlayers = 99\ndropout = \"x\"\n[optim]\nname = \"adma\"\n";
  EXPECT_FAULT(from(bad), Fault::config, "c.toml:2:1: unknown key \"model.hiden\" (did you mean \"model.hidden\"?)");
  EXPECT_FAULT(from(bad), Fault::config, "c.toml:3:10: model.layers = 99 is outside [1, 8]");
  EXPECT_FAULT(from(bad), Fault::config, "c.toml:4:11: model.dropout: expected a number, got a string");
  EXPECT_FAULT(from(bad), Fault::config,
               "c.toml:6:8: optim.name = \"adma\" is none of adam, adamw (did you mean \"adam\"?)");
  EXPECT_FAULT(from("", {"model.hiden=3"}), Fault::config,
               "--set model.hiden=3: unknown key \"model.hiden\" (did you mean");
}

TEST(RunConfig, DifferenceNamesWhatChangesLearning) {
  const RunConfig was = from("[model]\nhidden = 3\n"),
                  is = from("[model]\nhidden = 4\n[trainer]\nthreads = 3\nmax_epochs = 9\n");
  EXPECT_EQ(difference_in_learning(was, is), "model.hidden was 3, is 4");
  EXPECT_EQ(difference_in_learning(was, was), "");
}

}  // namespace
}  // namespace cutract
