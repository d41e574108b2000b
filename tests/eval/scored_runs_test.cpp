#include "eval/scored_runs.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/eval/well_formed.h"
#include "tests/support/support.h"

namespace cutract {
namespace {

ScoredRun fold(const std::string& name, double rmse, std::optional<double> r) {
  ScoredRun f{name, {}};
  f.scores.unit = "mm";
  f.scores.whole.rmse = rmse;
  f.scores.whole.rmse_units = 3 * rmse;
  f.scores.whole.mae = rmse / 2;
  f.scores.whole.pearson = r;
  f.scores.utterances.resize(7);
  return f;
}

TEST(ScoredRuns, TableHasEachRunMeanAndDeviation) {
  const ScoredRuns c{"t", "fold", {fold("anna", 0.6, 0.7), fold("bert", 0.8, 0.5)}, ""};
  EXPECT_EQ(scored_runs_table(c),
            "fold              utterances    RMSE (z)     RMSE (mm)     MAE (z)   Pearson r\n"
            "anna                       7       0.600         1.800       0.300       0.700\n"
            "bert                       7       0.800         2.400       0.400       0.500\n"
            "mean                               0.700         2.100       0.350       0.600\n"
            "deviation                          0.141         0.424       0.071       0.141\n");
}

TEST(ScoredRuns, AnUndefinedScoreHasNoMean) {
  const ScoredRuns c{"t", "fold", {fold("anna", 0.6, 0.7), fold("bert", 0.8, std::nullopt)}, ""};
  const auto j = nlohmann::json::parse(scored_runs_json(c));
  EXPECT_TRUE(j["folds"][1]["pearson"].is_null());
  EXPECT_TRUE(j["mean"]["pearson"].is_null());
  EXPECT_NEAR(j["mean"]["rmse"].get<double>(), 0.7, 1e-15);
  EXPECT_NEAR(j["deviation"]["rmse_units"].get<double>(), 0.42426406871192851, 1e-15);
  EXPECT_EQ(j["folds"][0]["utterances"], 7);
}

TEST(ScoredRuns, PageIsWellFormedAndLinksToTheRuns) {
  const std::string page = scored_runs_page({"<t>", "fold", {fold("a&b", 0.6, 0.7), fold("bert", 0.8, 0.5)}, "So."});
  test::expect_well_formed(page);
  EXPECT_NE(page.find("<a href=\"runs/a&amp;b/report.html\">a&amp;b</a>"), std::string::npos);
  EXPECT_NE(page.find("<title>&lt;t&gt;</title>"), std::string::npos);
}

}  // namespace
}  // namespace cutract
