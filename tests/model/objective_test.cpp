#include "model/objective.h"

#include <gtest/gtest.h>

#include "host/core/error.h"
#include "model/run_config.h"
#include "tests/support/support.h"

namespace cutract {
namespace {

using Texts = std::vector<std::string>;

RunConfig read(const std::string& value, const Texts& assignments = {}) {
  const test::TempFolder folder;
  const std::string text = value.empty() ? "" : "[trainer]\nloss = " + value + "\n";
  return read_run_config(folder.write("c.toml", text), assignments);
}

std::string line_of_loss(const RunConfig& c) {
  const std::string all = write_run_config(c);
  const auto from = all.find("\nloss = ") + 1;
  return all.substr(from, all.find('\n', from) - from);
}

TEST(Objective, IsOneTermOrAList) {
  EXPECT_EQ(line_of_loss(read("")), "loss = \"mse\"");
  EXPECT_EQ(line_of_loss(read("'mae'")), "loss = \"mae\"");
  EXPECT_EQ(line_of_loss(read("['mae']")), "loss = \"mae\"");
  const RunConfig two = read("['ccc weight=0.7', 'huber  delta=0.5 weight=0.3']");
  EXPECT_EQ(line_of_loss(two), "loss = [\"ccc weight=0.7\", \"huber weight=0.3 delta=0.5\"]");
  EXPECT_EQ(line_of_loss(read(line_of_loss(two).substr(7))), line_of_loss(two));
  EXPECT_EQ(objective_text(two.trainer.loss), "ccc weight=0.7 + huber weight=0.3 delta=0.5");
  ASSERT_EQ(two.trainer.loss.count, 2);
  EXPECT_EQ(two.trainer.loss.terms[1].kind, LossKind::huber);
  EXPECT_EQ(two.trainer.loss.terms[1].weight, 0.3);
  EXPECT_EQ(two.trainer.loss.terms[1].delta, 0.5);
}

TEST(Objective, IsSetOnTheCommandLine) {
  EXPECT_EQ(line_of_loss(read("", {"trainer.loss=mae"})), "loss = \"mae\"");
  EXPECT_EQ(line_of_loss(read("", {"trainer.loss=huber delta=2"})), "loss = \"huber delta=2.0\"");
  EXPECT_EQ(line_of_loss(read("", {"trainer.loss=[\"mse\", \"velocity weight=10\"]"})),
            "loss = [\"mse\", \"velocity weight=10.0\"]");
}

TEST(Objective, MistakesAreNamed) {
  const auto said = [](const std::string& value) {
    try {
      read(value);
    } catch (const Error& e) {
      EXPECT_EQ(e.fault(), Fault::config);
      return std::string(e.what());
    }
    return std::string();
  };
  const struct {
    std::string value, want;
  } table[] = {
      {"'mze'",
       "c.toml:2:8: trainer.loss = \"mze\" is not one of mse, mae, huber, pearson, ccc, velocity (did you mean "
       "\"mse\"?)"},
      {"['mse', 'ccc wieght=2']",
       "c.toml:2:8: trainer.loss[2] (ccc): unknown option \"wieght\" (did you mean \"weight\"?)"},
      {"['ccc weight=-1', 'L1']", "c.toml:2:8: trainer.loss[1] (ccc): weight = -1 is outside [1e-09, 1000000000]"},
      {"['ccc weight=-1', 'L1']", "c.toml:2:8: trainer.loss[2] = \"L1\" is not one of mse,"},
      {"'mse delta=1'", "trainer.loss (mse): unknown option \"delta\"; the options are weight"},
      {"'mse mae'", "trainer.loss (mse): \"mae\" is not an option, expected name=value"},
      {"[]", "c.toml:2:8: trainer.loss is an empty list, expected at least one term, e.g. \"mse\""},
      {"['mse', 'mse', 'mse', 'mse', 'mse', 'mse', 'mse']", "trainer.loss has 7 terms, expected at most 6"},
      {"3", "trainer.loss: expected a string or a list of strings, got 3"},
      {"['mse', 3]", "trainer.loss: expected a list of strings, got 3 in it"},
  };
  for (const auto& [value, want] : table) EXPECT_NE(said(value).find(want), std::string::npos) << said(value);
}

TEST(Objective, HelpNamesEveryTermAndOption) {
  const std::string help = help_run_config("trainer.loss");
  for (const char* word : {"mse", "mae", "huber", "pearson", "ccc", "velocity", "weight", "delta"})
    EXPECT_NE(help.find(word), std::string::npos) << word;
}

TEST(Objective, ADifferentOneIsADifferentRun) {
  EXPECT_EQ(difference_in_learning(read("'mse'"), read("'ccc weight=2'")),
            "trainer.loss was \"mse\", is \"ccc weight=2.0\"");
}

TEST(Objective, OfSeveralBatchesIsThatOfAllTheirValues) {
  Objective o = LossKind::mse;
  o.terms[1] = {LossKind::ccc, 0.5, 1};
  o.count = 2;
  const std::vector<LossPart> parts{{6, 4}, {3, 6}, {2, 1}, {5, 2}};  // mse and ccc of two batches
  EXPECT_DOUBLE_EQ(objective_value(o, parts), 8.0 / 5 + 0.5 * 8.0 / 8);
  EXPECT_EQ(objective_value(o, {}), 0);
}

}  // namespace
}  // namespace cutract
