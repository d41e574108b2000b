#include "eval/comparison.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "eval/metrics.h"
#include "tests/support/support.h"

namespace cutract {
namespace {

TEST(PairedDifference, ExactPIsSciPys) {
  const TensorFile f = test::golden("metrics.safetensors");
  const auto a = f.at("paired.a", "golden").as_f64(), b = f.at("paired.b", "golden").as_f64();
  std::vector<double> d;
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    d.push_back(a[i] - b[i]);
    sum += d.back();
  }
  const PairedDifference got = paired_difference(d, {});
  EXPECT_NEAR(got.mean, sum / 10, 1e-15);
  EXPECT_NEAR(got.p, f.at("paired.p", "golden").as_f64()[0], 1e-15);
}

// Of 3,125 equally likely samples, numpy takes the percentiles; a million random ones come within their own noise.
TEST(PairedDifference, IntervalIsThatOfAllSamples) {
  const TensorFile f = test::golden("metrics.safetensors");
  const auto a = f.at("paired.a", "golden").as_f64(), b = f.at("paired.b", "golden").as_f64();
  const auto want = f.at("paired.interval_of_five", "golden").as_f64();
  std::vector<double> d;
  for (std::size_t i = 0; i < 5; ++i) d.push_back(a[i] - b[i]);
  const PairedDifference got = paired_difference(d, {1000000, 1});
  EXPECT_NEAR(got.interval.low, want[0], 4e-4);
  EXPECT_NEAR(got.interval.high, want[1], 4e-4);
}

TEST(PairedDifference, RandomPComesToTheExactOne) {
  test::Rng rng(5);
  std::vector<double> d;
  for (int i = 0; i < 18; ++i) d.push_back(0.4 + rng.normal());
  const double exact = paired_difference(d, {1 << 18, 1}).p;  // as many samples as ways
  ASSERT_GT(exact, 0.01);
  ASSERT_LT(exact, 0.5);
  const int samples = 200000;
  EXPECT_NEAR(paired_difference(d, {samples, 1}).p, exact, 4 * std::sqrt(exact * (1 - exact) / samples));
  EXPECT_EQ(paired_difference(d, {samples, 1}).p, paired_difference(d, {samples, 1}).p);
  EXPECT_NE(paired_difference(d, {samples, 1}).p, paired_difference(d, {samples, 2}).p);
}

TEST(PairedDifference, EqualScoresDoNotDiffer) {
  const PairedDifference got = paired_difference(std::vector<double>(30, 0.0), {});
  EXPECT_EQ(got.mean, 0);
  EXPECT_EQ(got.p, 1);
  EXPECT_EQ(got.interval.low, 0);
  EXPECT_EQ(got.interval.high, 0);
  // If every pair says the same, no sample is as far from 0.
  EXPECT_EQ(paired_difference(std::vector<double>(60, 0.1), {}).p, 1.0 / 10001);
}

// Scores of `n` utterances, whose RMSE is `rmse` plus 0.01 for each utterance.
Scores scores(int n, double rmse) {
  Scores s;
  s.split = "test";
  s.utterances = n;
  s.rmse = rmse;
  s.mae = rmse / 2;
  s.pearson = 1 - rmse;
  s.rmse_units = 3 * rmse;
  s.rmse_units_name = "mm";
  s.channels = {{"tt_x", "mm", rmse, rmse / 2, 3 * rmse, 1 - rmse}};
  for (int i = 0; i < n; ++i) {
    UtteranceScore u;
    u.id = "u" + std::to_string(n - i);
    u.speaker = i % 2 ? "anna" : "bert";
    u.rmse = rmse + 0.01 * i;
    u.mae = u.rmse / 2;
    u.pearson = 1 - u.rmse;
    u.rmse_units = 3 * u.rmse;
    s.each.push_back(u);
  }
  return s;
}

ScoredSplit file(const Scores& s, const std::string& path, std::int64_t seed = 1, const std::string& z = "speaker") {
  Provenance p;
  p.model = "runs/" + path;
  p.seed = seed;
  p.target_statistics = z;
  return parse_scored_split(scores_json(s, &p), path);
}

TEST(Comparison, ReadsWhatEvalWrites) {
  const ScoredSplit got = file(scores(3, 0.5), "a.json", 17);
  EXPECT_EQ(got.model, "runs/a.json");
  EXPECT_EQ(got.seed, 17);
  EXPECT_EQ(got.channels, std::vector<std::string>{"tt_x"});
  ASSERT_EQ(got.utterances.size(), 3u);
  EXPECT_EQ(got.utterances[0].id, "u1");  // sorted
  EXPECT_EQ(got.utterances[0].speaker, "bert");
  EXPECT_NEAR(*got.utterances[0].rmse, 0.52, 1e-15);
  EXPECT_NEAR(*got.whole.rmse_units, 1.5, 1e-15);
}

TEST(Comparison, PairsUtterancesAndAveragesSeeds) {
  const Comparison c = compare({file(scores(12, 0.50), "a17.json", 17), file(scores(12, 0.54), "a42.json", 42)},
                               {file(scores(12, 0.60), "b.json", 17)}, {});
  ASSERT_EQ(c.rows.size(), 4u);
  const Comparison::Row& rmse = c.rows[0];
  EXPECT_EQ(rmse.key, "rmse");
  EXPECT_NEAR(*rmse.a.mean, 0.52, 1e-15);
  EXPECT_NEAR(*rmse.a.deviation, 0.04 / std::sqrt(2), 1e-15);  // of two values: half their distance, times root two
  EXPECT_FALSE(rmse.b.deviation.has_value());
  EXPECT_NEAR(rmse.mean_a, 0.52 + 0.055, 1e-12);
  EXPECT_NEAR(rmse.mean_b, 0.60 + 0.055, 1e-12);
  EXPECT_NEAR(rmse.difference.mean, -0.08, 1e-12);
  EXPECT_EQ(rmse.difference.p, 2.0 / 4096);  // all pairs say the same: only the two extreme ways are as far
  EXPECT_EQ(rmse.pairs, 12);
  EXPECT_EQ(rmse.wins, 12);
  EXPECT_EQ(c.rows[3].key, "pearson");
  EXPECT_NEAR(c.rows[3].difference.mean, 0.08, 1e-12);
  EXPECT_EQ(c.rows[3].wins, 12);
  EXPECT_EQ(c.speakers, 2);
}

TEST(Comparison, UndefinedScoresAreLeftOutAndCounted) {
  Scores a = scores(5, 0.5);
  a.each[1].pearson = std::nullopt;
  const Comparison c = compare({file(a, "a.json")}, {file(scores(5, 0.4), "b.json")}, {});
  EXPECT_EQ(c.rows[3].pairs, 4);
  ASSERT_EQ(c.notes.size(), 1u);
  EXPECT_EQ(c.notes[0], "Pearson r: 1 utterance left out, where it is undefined");
}

TEST(Comparison, ScoresInAnotherZAreNotCompared) {
  const Comparison c =
      compare({file(scores(5, 0.5), "a.json", 1, "speaker")}, {file(scores(5, 0.4), "b.json", 1, "corpus")}, {});
  ASSERT_EQ(c.rows.size(), 2u);
  EXPECT_EQ(c.rows[0].key, "rmse_units");
  EXPECT_EQ(c.notes[0], "scores in z are left out: the models normalise the targets differently");
}

TEST(Comparison, DifferentUtterancesOrChannelsAreRefused) {
  const ScoredSplit a = file(scores(5, 0.5), "a.json"), more = file(scores(7, 0.5), "b.json");
  EXPECT_FAULT(
      compare({a}, {more}, {}), Fault::data,
      "b.json: has 2 utterances, e.g. \"u6\" that a.json lacks; compare scores of the same split of one corpus");
  Scores s = scores(5, 0.5);
  s.channels[0].name = "jaw_y";
  EXPECT_FAULT(compare({a}, {file(s, "b.json")}, {}), Fault::data,
               "b.json: its channels (jaw_y) are not those of a.json (tt_x)");
}

TEST(Comparison, ABadFileGetsOneSentence) {
  const auto written = [] {
    Provenance p;
    p.target_statistics = "speaker";
    return nlohmann::json::parse(scores_json(scores(2, 0.5), &p));
  };
  const std::string want = ", expected the scores that `cutract eval --json` writes";
  EXPECT_FAULT(parse_scored_split("{", "a.json"), Fault::data, "a.json: is not JSON" + want);
  EXPECT_FAULT(parse_scored_split("[1]", "a.json"), Fault::data, "a.json: its object is not an object" + want);
  EXPECT_FAULT(parse_scored_split("{}", "a.json"), Fault::data, "a.json: its object has no \"model\"" + want);
  auto j = written();
  j["rmse"] = "low";
  EXPECT_FAULT(parse_scored_split(j.dump(), "a.json"), Fault::data, "a.json: its object has no number \"rmse\"" + want);
  j = written();
  j["per_utterance"] = 3;
  EXPECT_FAULT(parse_scored_split(j.dump(), "a.json"), Fault::data,
               "a.json: its object has no list \"per_utterance\"" + want);
  j["per_utterance"] = nlohmann::json::array();
  EXPECT_FAULT(parse_scored_split(j.dump(), "a.json"), Fault::data, "a.json: has no utterance, expected at least one");
  j = written();
  j["per_utterance"][0].erase("id");
  EXPECT_FAULT(parse_scored_split(j.dump(), "a.json"), Fault::data, "a.json: an utterance has no \"id\"" + want);
  j = written();
  j["per_utterance"][1]["id"] = j["per_utterance"][0]["id"];
  EXPECT_FAULT(parse_scored_split(j.dump(), "a.json"), Fault::data, "a.json: has two utterances \"u2\", expected one");
  j = written();
  j["statistics"] = 1;
  EXPECT_FAULT(parse_scored_split(j.dump(), "a.json"), Fault::data, "a.json: .statistics is not an object" + want);
}

TEST(Comparison, TheTableHasEightyColumns) {
  const Comparison c = compare({file(scores(12, 0.50), "a17.json", 17), file(scores(12, 0.54), "a42.json", 42)},
                               {file(scores(12, 0.60), "b.json", 17)}, {});
  const std::string got = comparison_table(c);
  EXPECT_EQ(got.substr(0, got.find("\n\nutterance")),
            "A: runs/a17.json (seeds 17, 42)\n"
            "B: runs/b.json (seed 17)\n"
            "test split: 12 utterances, 2 speakers\n"
            "\n"
            "whole split                      A                   B\n"
            "RMSE (z)            0.520 +- 0.028               0.600\n"
            "RMSE (mm)           1.560 +- 0.085               1.800\n"
            "MAE (z)             0.260 +- 0.014               0.300\n"
            "Pearson r           0.480 +- 0.028               0.400");
  EXPECT_NE(got.find("RMSE (z)         0.575   0.655   -0.080    -0.080 to -0.080  0.000488   12 of 12\n"),
            std::string::npos)
      << got;
  std::size_t longest = 0, begin = 0;
  for (std::size_t end = got.find('\n'); end != std::string::npos; begin = end + 1, end = got.find('\n', begin))
    longest = std::max(longest, end - begin);
  EXPECT_LE(longest, 80u);
}

TEST(Comparison, TheObjectHasWhatTheTableHas) {
  const auto j = nlohmann::json::parse(
      comparison_json(compare({file(scores(12, 0.5), "a.json", 17)}, {file(scores(12, 0.6), "b.json", 18)}, {})));
  EXPECT_EQ(j["a"][0]["file"], "a.json");
  EXPECT_EQ(j["b"][0]["seed"], 18);
  EXPECT_EQ(j["samples"], 10000);
  ASSERT_EQ(j["scores"].size(), 4u);
  EXPECT_EQ(j["scores"][0]["score"], "rmse");
  EXPECT_NEAR(j["scores"][0]["difference"].get<double>(), -0.1, 1e-12);
  EXPECT_NEAR(j["scores"][0]["interval_95"][0].get<double>(), -0.1, 1e-12);
  EXPECT_TRUE(j["scores"][0]["a"]["deviation"].is_null());
  EXPECT_EQ(j["scores"][0]["a_better_in"], 12);
}

}  // namespace
}  // namespace cutract
