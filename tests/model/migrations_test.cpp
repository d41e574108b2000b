#include "model/migrations.h"

#include <gtest/gtest.h>

#include "host/io/safetensors.h"
#include "model/run_config.h"
#include "model/stored_recipe.h"
#include "tests/support/support.h"

namespace cutract {
namespace {

constexpr const char* kStored =
    "[data]\ncorpus = \"a = [b]\"\n\n[trainer]\nunits = 5\nseed = 3\nepoch = 7\n\n[optim]\nlr = 0.5\n";

TEST(Migrations, TextWithoutAMigratedKeyStaysAsItIs) {
  const std::vector<Migration> rows{{1, "trainer.absent", renamed_to("model.hidden")}};
  EXPECT_EQ(migrated(kStored, 0, rows), kStored);
  EXPECT_EQ(migrated("not = a\nconfig [", 0, rows), "not = a\nconfig [");
}

TEST(Migrations, ARenamedKeyMovesToItsSection) {
  const std::vector<Migration> rows{{1, "trainer.units", renamed_to("model.hidden")},
                                    {2, "trainer.epoch", renamed_to("trainer.max_epochs")}};
  EXPECT_EQ(
      migrated(kStored, 0, rows),
      "[data]\ncorpus = \"a = [b]\"\n\n[model]\nhidden = 5\n\n[trainer]\nseed = 3\nmax_epochs = 7\n\n[optim]\nlr = "
      "0.5\n");
  const RunConfig c = parse_run_config(migrated(kStored, 0, rows), "stored");
  EXPECT_EQ(c.model.hidden, 5);
  EXPECT_EQ(c.trainer.max_epochs, 7);
  EXPECT_EQ(c.data.corpus, "a = [b]");
}

TEST(Migrations, OnlyLaterRowsApply) {
  const std::vector<Migration> rows{{1, "trainer.units", renamed_to("model.hidden")},
                                    {2, "trainer.epoch", renamed_to("trainer.max_epochs")}};
  const std::string text = migrated(kStored, 1, rows);
  EXPECT_NE(text.find("units = 5\n"), std::string::npos);
  EXPECT_NE(text.find("max_epochs = 7\n"), std::string::npos);
  EXPECT_EQ(text.find("epoch = 7\n"), std::string::npos);
  EXPECT_EQ(migrated(kStored, 2, rows), kStored);
}

TEST(Migrations, AKeyThatWasSplitBecomesSeveral) {
  const auto split = [](const std::string& value) {
    return std::vector<StoredSetting>{{"optim.lr", value}, {"schedule.min_lr", "0.1"}};
  };
  const std::vector<Migration> rows{
      {1, "optim.lr", split}, {1, "trainer.seed", [](const std::string&) { return std::vector<StoredSetting>{}; }}};
  EXPECT_EQ(
      migrated(kStored, 0, rows),
      "[data]\ncorpus = \"a = [b]\"\n\n[trainer]\nunits = 5\nepoch = 7\n\n[optim]\nlr = 0.5\n\n[schedule]\nmin_lr = "
      "0.1\n");
}

// Two renames in a row: each row finds what the one before it wrote.
TEST(Migrations, RowsApplyInOrder) {
  const std::vector<Migration> rows{{1, "trainer.units", renamed_to("model.units")},
                                    {2, "model.units", renamed_to("model.hidden")}};
  EXPECT_NE(migrated(kStored, 0, rows).find("[model]\nhidden = 5\n"), std::string::npos);
}

// A row of a version that this build does not write would never apply, and one for a key that this build has would
// apply to every file.
TEST(Migrations, TheRowsAreOfThisBuild) {
  for (const Migration& row : migrations()) {
    EXPECT_GE(row.version, 1) << row.was;
    EXPECT_LE(row.version, kRecipeVersion) << row.was;
  }
  const std::string now = write_run_config(RunConfig{});
  EXPECT_EQ(migrated(now, 0), now);
}

TEST(StoredRecipe, RefusesANewerVersion) {
  TensorFile file;
  file.metadata["config"] = "[model]\nhidden = 2\n";
  EXPECT_EQ(recipe_version(file, "m"), 0);
  put_recipe_version(file);
  EXPECT_EQ(recipe_version(file, "m"), kRecipeVersion);
  EXPECT_EQ(stored_config(file, "m"), file.metadata["config"]);
  file.metadata["recipe_version"] = std::to_string(kRecipeVersion + 1);
  EXPECT_FAULT(stored_config(file, "m"), Fault::io, "m: was written by a newer cutract");
  for (const char* bad : {"", "0", "-1", "x", "1.5"}) {
    file.metadata["recipe_version"] = bad;
    EXPECT_FAULT(recipe_version(file, "m"), Fault::data, "m: metadata \"recipe_version\" is");
  }
}

}  // namespace
}  // namespace cutract
