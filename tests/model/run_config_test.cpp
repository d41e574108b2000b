#include "model/run_config.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <string>

#include "host/io/atomic_file.h"
#include "nn/model.h"
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

// The shipped configs say how many parameters their models have with 80 features and 14 channels.
TEST(RunConfig, ShippedModelsHaveTheStatedNumbersOfParameters) {
  const struct {
    const char* file;
    Index parameters;
    const char* stated;
  } table[] = {
      {"configs/baseline.toml", 613902, "613,902 parameters"},
      {"configs/bilstm-attention.toml", 877582, "877,582 parameters"},
      {"configs/transformer.toml", 805518, "805,518 parameters"},
      {"configs/conformer.toml", 518286, "518,286 parameters"},
  };
  for (const auto& [file, parameters, stated] : table) {
    const std::string path = test::source_file(file);
    const RunConfig c = read_run_config(path, {});
    ASSERT_EQ(c.features.n_mels, 80) << file;
    EXPECT_EQ(parameter_count(model_spec(c.model, 80, 14)), parameters) << file;
    EXPECT_NE(read_file(path).find(stated), std::string::npos) << file << " does not say " << stated;
  }
}

TEST(RunConfig, WhatIsWrittenReadsBackTheSame) {
  RunConfig c = from("[model]\nhidden = 3\ndropout = 0.123456789012345\n[features]\npreset = \"kaldi\"\nn_mels = 40\n",
                     {"optim.lr=3.3e-4", "data.corpus=some where"});
  EXPECT_EQ(c.features.window, WindowShape::povey);
  EXPECT_EQ(c.features.n_mels, 40);
  EXPECT_EQ(c.data.corpus, "some where");
  const std::string text = write_run_config(c);
  EXPECT_EQ(write_run_config(parse_run_config(text, "again")), text);
}

// The preset is read before the other settings, but a pipe can be read only once.
TEST(RunConfig, APipeIsReadAsAFileIs) {
  const std::string text = "[model]\nhidden = 3\n[features]\npreset = \"kaldi\"\nn_mels = 40\n";
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe(ends.data()), 0);
  ASSERT_EQ(write(ends[1], text.data(), text.size()), std::ssize(text));
  close(ends[1]);
  const RunConfig c = read_run_config("/dev/fd/" + std::to_string(ends[0]), {});
  close(ends[0]);
  EXPECT_EQ(write_run_config(c), write_run_config(from(text)));
  EXPECT_EQ(c.model.hidden, 3);
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
  EXPECT_FAULT(from(bad), Fault::config, "c.toml:4:11: model.dropout: expected a number, got the string \"x\"");
  EXPECT_FAULT(from(bad), Fault::config,
               "c.toml:6:8: optim.name = \"adma\" is not one of adam, adamw, sgd (did you mean \"adam\"?)");
  EXPECT_FAULT(from("", {"model.hiden=3"}), Fault::config,
               "--set model.hiden=3: unknown key \"model.hiden\" (did you mean");
}

// A key as users of other toolkits write it, and the expected suggestion.
TEST(RunConfig, KeysOfOtherToolkitsFindOurs) {
  const struct {
    const char *written, *meant;
  } table[] = {
      {"trainer.lr", "optim.lr"},
      {"model.learning_rate", "optim.lr"},
      {"lr", "optim.lr"},
      {"epochs", "trainer.max_epochs"},
      {"trainer.max_epoch", "trainer.max_epochs"},
      {"optim.weight_decy", "optim.weight_decay"},
      {"trainer.weight_decay", "optim.weight_decay"},
      {"batch", "trainer.batch_size"},
      {"data.batch_size", "trainer.batch_size"},
      {"optim.gradient_clip", "trainer.gradient_clip_val"},
      {"trainer.grad_clip", "trainer.gradient_clip_val"},
      {"features.n_mel", "features.n_mels"},
      {"data.num_mel_bins", "features.n_mels"},
      {"hidden_size", "model.hidden"},
      {"model.hidden_size", "model.hidden"},
      {"trainer.num_layers", "model.layers"},
      {"trainer.patience", "trainer.early_stopping_patience"},
      {"trainer.early_stopping", "trainer.early_stopping_patience"},
      {"trainer.lr_scheduler", "schedule.name"},
      {"data.sample_rate", "features.sample_rate"},
      {"data.sr", "features.sample_rate"},
      {"n_fft", "features.n_fft"},
      {"features.hop_length", "features.hop_samples"},
      {"trainer.optimizer", "optim.name"},
      {"random_seed", "trainer.seed"},
      {"model.dropout_rate", "model.dropout"},
      {"trainer.num_workers", "trainer.threads"},
      {"model.seed", "trainer.seed"},
      {"train.max_epochs", "trainer.max_epochs"},
  };
  for (const auto& [written, meant] : table)
    EXPECT_FAULT(from("", {std::string(written) + "=1"}), Fault::config,
                 std::string("unknown key \"") + written + "\" (did you mean \"" + meant + "\"?)");
}

TEST(RunConfig, SectionsOfOtherToolkitsFindOurs) {
  for (const auto& [written, meant] : {std::pair{"optimizer", "optim"},
                                       {"lr_scheduler", "schedule"},
                                       {"training", "trainer"},
                                       {"train", "trainer"},
                                       {"feature", "features"},
                                       {"dataset", "data"},
                                       {"network", "model"},
                                       {"evaluation", "eval"}})
    EXPECT_FAULT(from(std::string("[") + written + "]\nx = 1\n"), Fault::config,
                 std::string("unknown section \"") + written + "\" (did you mean \"" + meant + "\"?)");
}

// A synonym that is a setting of its own would be suggested instead of the setting that was mistyped.
TEST(RunConfig, EverySynonymNamesASettingThatExists) {
  RunConfig c;
  FieldTable table;
  fields(table, c);
  std::size_t with_synonyms = 0;
  for (const auto& f : table.all()) {
    with_synonyms += f.synonyms.empty() ? 0 : 1;
    for (const auto& s : f.synonyms) EXPECT_EQ(table.find(s), nullptr) << s;
  }
  EXPECT_GT(with_synonyms, 40u);
}

TEST(RunConfig, EveryHelpTextStartsWithANoun) {
  RunConfig c;
  FieldTable table;
  fields(table, c);
  for (const auto& f : table.all()) {
    const std::string first = f.help.substr(0, f.help.find(' '));
    for (const char* not_a_noun : {"of", "add", "leave", "subtract", "fills", "where", "what", "from", "on"})
      EXPECT_NE(first, not_a_noun) << f.name << ": " << f.help;
    EXPECT_FALSE(f.help.ends_with(".")) << f.name;
  }
}

TEST(RunConfig, DifferenceNamesWhatChangesLearning) {
  const RunConfig was = from("[model]\nhidden = 3\n"),
                  is = from("[model]\nhidden = 4\n[trainer]\nthreads = 3\nmax_epochs = 9\n");
  EXPECT_EQ(difference_in_learning(was, is), "model.hidden was 3, is 4");
  EXPECT_EQ(difference_in_learning(was, was), "");
}

}  // namespace
}  // namespace cutract
