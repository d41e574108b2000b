#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>

#include "eval/metrics.h"
#include "tests/support/support.h"

namespace cutract {
namespace {

using nlohmann::json;

Scores example() {
  Scores s;
  s.split = "test";
  s.loss_name = "mse";
  s.frames = 186124;
  s.utterances = 75;
  s.frame_step_s = 0.01;
  s.loss = 0.1 + 0.2;
  s.rmse = 0.842;
  s.mae = 0.655;
  s.pearson = 0.612;
  s.pearson_utterance = 0.58;
  s.rmse_units = 2.314;
  s.rmse_units_name = "mm";
  s.rmse_mean_predictor = 0.998;
  s.skill = 0.288;
  s.undefined_channels = 1;
  s.undefined_utterances = 75;
  s.channels = {
      {"tt_x", "mm", 0.8, 0.6, 2.25, 0.71}, {"ll_y", "mm", 0.3, 0.2, 0.891, {}}, {"jaw", "deg", 1, 1, 12.3, -0.1}};
  s.speakers = {{"F01", 100000, 40, 0.8, 0.6, 2.2, 0.65}, {"M01", 86124, 35, 0.9, 0.7, {}, {}}};
  s.goals = {{"rmse", 0.842, 0.15, false},
             {"pearson", 0.612, 0.5, true},
             {"mae", 0.655, 0.12, false},
             {"loss", 0.3, 0.0225, false}};
  return s;
}

std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> out;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) out.push_back(line);
  return out;
}

std::size_t columns(const std::string& line) {
  return static_cast<std::size_t>(std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string without_colour(const std::string& text) {
  return std::regex_replace(text, std::regex("\x1b\\[[0-9;]*m"), "");
}

void expect_lines(const std::string& table, const std::vector<std::string>& wanted) {
  for (const std::string& want : wanted)
    EXPECT_NE(table.find(want), std::string::npos) << "no \"" << want << "\" in\n" << table;
}

TEST(ScoresTable, SaysWhatThereIs) {
  expect_lines(
      scores_table(example(), false),
      {"test split: 75 utterances, 2 speakers, 186,124 frames, 31.0 min\n",
       "  RMSE (z)         0.842   target <= 0.150   not met\n", "  Pearson r        0.612   target >= 0.500   met\n",
       "  MAE (z)          0.655   target <= 0.120   not met\n",
       "  loss (mse)      0.3000   target <= 0.0225  not met\n", "  1 of 4 targets met\n",
       "  RMSE                   2.31 mm (2 channels in mm)\n", "  mean r per utterance   0.580\n",
       "  29 % less squared error than always predicting the mean (RMSE 0.998)\n",
       "channel           RMSE z   MAE z      RMSE unit         r\n",
       "tt_x               0.800   0.600      2.25 mm       0.710\n",
       "ll_y               0.300   0.200      0.89 mm           -\n",
       "jaw                1.000   1.000     12.30 deg     -0.100\n",
       "speaker           RMSE z   MAE z      RMSE unit         r     utt       frames\n",
       "F01                0.800   0.600      2.20 mm       0.650      40      100,000\n",
       "M01                0.900   0.700         - mm           -      35       86,124\n",
       "r is undefined (-) for 1 of 3 channels and for\n75 of 225 utterance-channel pairs\n"
       "(a constant side, or a single frame); means of r leave these out.\n"});
  const std::string table = scores_table(example(), false);
  EXPECT_LT(table.find("z: in standard deviations of the training data."), table.find("RMSE (z)")) << "explained first";
}

TEST(ScoresTable, ShowsOnlyTheTargetsThatAreSet) {
  Scores s = example();
  s.goals.erase(s.goals.begin() + 1, s.goals.end());
  expect_lines(scores_table(s, false),
               {"  RMSE (z)         0.842   target <= 0.150   not met\n", "  Pearson r        0.612\n",
                "  MAE (z)          0.655\n", "  loss (mse)      0.3000\n", "  0 of 1 target met\n"});
  s.goals.clear();
  const std::string table = scores_table(s, true);
  EXPECT_EQ(table.find("target"), std::string::npos) << table;
  EXPECT_EQ(table.find("met"), std::string::npos) << table;
  EXPECT_NE(table.find("0.842"), std::string::npos) << table;
  EXPECT_EQ(json::parse(scores_json(s))["targets"], json::array());
}

TEST(ScoresTable, CountsOneOfAThing) {
  Scores s = example();
  s.frames = s.utterances = 1;
  s.speakers.resize(1);
  s.channels.resize(1);
  expect_lines(scores_table(s, false), {"1 utterance, 1 speaker, 1 frame, 0.0 min\n", "(1 channel in mm)"});
}

TEST(ScoresTable, PutsSkillInWords) {
  Scores s = example();
  s.skill = -0.12;
  expect_lines(scores_table(s, false), {"  12 % more squared error than always predicting the mean"});
  s.skill = 0.004;
  expect_lines(scores_table(s, false), {"  no less squared error than always predicting the mean"});
  s.skill = -123;
  expect_lines(scores_table(s, false), {"  over 1000 % more squared error than always"});
}

TEST(ScoresTable, LeavesOutWhatIsNotKnown) {
  Scores s = example();
  s.frame_step_s = 0;
  s.rmse_units.reset();
  s.pearson_utterance.reset();
  s.undefined_channels = 0;
  s.undefined_utterances = 0;
  const std::string table = scores_table(s, false);
  for (const char* part : {"min\n", "  RMSE    ", "undefined"}) EXPECT_EQ(table.find(part), std::string::npos) << part;
  expect_lines(table, {"  mean r per utterance   -\n"});
}

TEST(ScoresTable, ColourOnlyWhenAsked) {
  const std::string plain = scores_table(example(), false), coloured = scores_table(example(), true);
  EXPECT_EQ(plain.find('\x1b'), std::string::npos);
  EXPECT_EQ(without_colour(coloured), plain);
  expect_lines(coloured, {"\x1b[32mmet\x1b[0m", "\x1b[31mnot met\x1b[0m"});
}

TEST(ScoresTable, StaysWithinEightyColumns) {
  Scores s = example();
  s.split = std::string(200, 's');
  s.rmse_units_name = std::string(90, 'u');
  s.frames = 1234567893;
  s.utterances = 23456789;
  s.undefined_utterances = 12345678;
  s.undefined_channels = 123456;
  s.rmse = s.mae = s.loss = *(s.pearson = std::nan(""));
  s.rmse_mean_predictor = 1e5;
  s.skill = std::nan("");
  s.rmse_units = 1e12;
  for (Goal& t : s.goals) t.value = 1e200;
  s.channels = {{std::string(300, 'x'), "furlongs per week", 1e300, 1e-300, -HUGE_VAL, -1},
                {"Zungenspitzenhöhe über alles, größtenteils", "µm", std::nan(""), 123456789, 123456789, 1}};
  s.speakers = {{"Ærøskøbing-süß-ñandú-österreichisch", 123456789, 12345, 1e9, 1e9, 1e9, -0.123456}};
  for (const auto& line : lines(scores_table(s, false))) EXPECT_LE(columns(line), 80u) << line;
  expect_lines(scores_table(s, false), {"Zungenspitzenh..  ", "Ærøskøbing-süß..  "});  // cut between letters
}

TEST(ScoresTable, ColumnsLineUp) {
  Scores s = example();
  s.channels[0].name = "größe";
  std::size_t r_ends = 0;
  for (const auto& line : lines(scores_table(s, false))) {
    if (line.starts_with("channel ")) r_ends = columns(line);
    if (line.starts_with("größe") || line.starts_with("jaw")) { EXPECT_EQ(columns(line), r_ends) << line; }
  }
}

TEST(ScoresJson, HasTheKeysOfTheContract) {
  const json j = json::parse(scores_json(example()));
  for (const char* key : {"split", "frames", "utterances", "loss", "rmse", "mae", "pearson", "pearson_utterance",
                          "rmse_units", "channels", "speakers", "targets"}) {
    EXPECT_TRUE(j.contains(key)) << key;
  }
  EXPECT_EQ(j["split"], "test");
  EXPECT_EQ(j["frames"], 186124);
  EXPECT_EQ(j["utterances"], 75);
  EXPECT_EQ(j["unit"], "mm");
  EXPECT_EQ(j["loss_name"], "mse");
  EXPECT_EQ(j["channels"].size(), 3u);
  for (const char* key : {"name", "unit", "rmse", "mae", "pearson", "rmse_units"})
    EXPECT_TRUE(j["channels"][0].contains(key));
  EXPECT_EQ(j["channels"][2]["unit"], "deg");
  EXPECT_EQ(j["speakers"][1]["name"], "M01");
  EXPECT_EQ(j["speakers"][0]["frames"], 100000);
  EXPECT_EQ(j["targets"][1], (json{{"metric", "pearson"}, {"value", 0.612}, {"target", 0.5}, {"met", true}}));
}

TEST(ScoresJson, SaysWhatWasScored) {
  Scores s = example();
  s.each = {{"u1", "F01", 120, 0.5, 0.25, 1.5, 0.75}, {"u2", "M01", 0, std::nan(""), std::nan(""), {}, {}}};
  const Provenance origin{"runs/a", "runs/a/checkpoints/epoch_3", 3, "tiny", 42, "speaker", "corpus", {"M01"}, "9.9"};
  const json j = json::parse(scores_json(s, &origin));
  EXPECT_EQ(j["model"], "runs/a");
  EXPECT_EQ(j["checkpoint"], "runs/a/checkpoints/epoch_3");
  EXPECT_EQ(j["epoch"], 3);
  EXPECT_EQ(j["corpus"], "tiny");
  EXPECT_EQ(j["seed"], 42);
  EXPECT_EQ(j["cutract"], "9.9");
  EXPECT_EQ(j["statistics"], (json{{"features", "speaker"}, {"targets", "corpus"}, {"speakers_without_own", {"M01"}}}));
  ASSERT_EQ(j["per_utterance"].size(), 2u);
  EXPECT_EQ(j["per_utterance"][0], (json{{"id", "u1"},
                                         {"speaker", "F01"},
                                         {"frames", 120},
                                         {"rmse", 0.5},
                                         {"mae", 0.25},
                                         {"pearson", 0.75},
                                         {"rmse_units", 1.5},
                                         {"missing", 0}}));
  for (const char* key : {"rmse", "mae", "pearson", "rmse_units"}) EXPECT_TRUE(j["per_utterance"][1][key].is_null());
  EXPECT_FALSE(json::parse(scores_json(s)).contains("model"));
}

TEST(ScoresTable, CountsWhatIsMissing) {
  Scores s = example();
  EXPECT_EQ(scores_table(s, false).find("missing"), std::string::npos) << "nothing is said where nothing is missing";
  s.missing = 187000;
  s.channels[0].missing = 876;
  s.channels[2] = {"jaw", "deg", std::nan(""), std::nan(""), std::nan(""), {}, 186124};
  s.speakers[1].missing = 90000;
  s.speakers[1].lacking = {"jaw"};
  const std::string table = scores_table(s, false);
  expect_lines(table, {"187,000 of 558,372 target values are missing (33.5 %) and not scored.\n",
                       "channel           RMSE z   MAE z      RMSE unit         r      missing\n",
                       "tt_x               0.800   0.600      2.25 mm       0.710          876\n",
                       "jaw                    -       -         - deg          -      186,124\n",
                       "\nnot measured: speaker M01: jaw\n"});
  for (const auto& line : lines(table)) EXPECT_LE(columns(line), 80u) << line;
}

TEST(ScoresJson, CountsWhatIsMissing) {
  Scores s = example();
  s.missing = 1000;
  s.channels[2] = {"jaw", "deg", std::nan(""), std::nan(""), std::nan(""), {}, 900};
  s.speakers[1].missing = 1000;
  s.speakers[1].lacking = {"jaw"};
  s.each = {{"u1", "F01", 120, 0.5, 0.25, 1.5, 0.75, 7}};
  const json j = json::parse(scores_json(s));
  EXPECT_EQ(j["values"], 3 * 186124 - 1000);
  EXPECT_EQ(j["missing"], 1000);
  EXPECT_EQ(j["channels"][2]["missing"], 900);
  EXPECT_TRUE(j["channels"][2]["rmse"].is_null());
  EXPECT_EQ(j["speakers"][1]["missing"], 1000);
  EXPECT_EQ(j["speakers"][1]["not_measured"], json{"jaw"});
  EXPECT_EQ(j["per_utterance"][0]["missing"], 7);
}

TEST(ScoresJson, UndefinedIsNull) {
  Scores s = example();
  s.pearson.reset();
  s.pearson_utterance.reset();
  s.rmse_units.reset();
  s.frame_step_s = 0;
  s.rmse = std::nan("");
  s.loss = HUGE_VAL;
  s.goals[1].value.reset();
  const std::string text = scores_json(s);
  const json j = json::parse(text);
  for (const char* key : {"pearson", "pearson_utterance", "rmse_units", "rmse", "loss", "frame_step_s"}) {
    EXPECT_TRUE(j[key].is_null()) << key;
  }
  EXPECT_TRUE(j["channels"][1]["pearson"].is_null());
  EXPECT_TRUE(j["speakers"][1]["pearson"].is_null());
  EXPECT_TRUE(j["targets"][1]["value"].is_null());
  EXPECT_EQ(text.find("nan"), std::string::npos);
  EXPECT_EQ(text.find("inf"), std::string::npos);
}

TEST(ScoresJson, NumbersReadBackAsTheyWere) {
  test::Rng rng(1);
  Scores s = example();
  for (int i = 0; i < 200; ++i) {
    s.rmse = rng.normal() * std::pow(10, rng.uniform(-12, 12));
    EXPECT_EQ(json::parse(scores_json(s))["rmse"].get<double>(), s.rmse);
  }
}

TEST(ScoresJson, ANameThatIsNotUtf8IsNoReasonToFail) {
  Scores s = example();
  s.speakers[0].name = "M\xFFx \"quoted\"\n";
  EXPECT_EQ(json::parse(scores_json(s))["speakers"][0]["name"], "M\xEF\xBF\xBDx \"quoted\"\n");
}

}  // namespace
}  // namespace cutract
