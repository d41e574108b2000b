#include "eval/metrics.h"

#include <map>

#include "tests/oracle/metrics.h"
#include "tests/support/support.h"

namespace cutract {
namespace {

constexpr double kScipy = 1e-12;

// Owns the data that Scored views.
struct Split {
  std::vector<Channel> channels;
  std::vector<Matrix> predicted, target;
  std::vector<std::string> speakers;
  std::vector<std::vector<double>> unit_per_z;

  void add(const std::string& speaker, Matrix p, Matrix t, std::vector<double> units = {}) {
    if (units.empty()) units.assign(channels.size(), 1);
    predicted.push_back(std::move(p));
    target.push_back(std::move(t));
    speakers.push_back(speaker);
    unit_per_z.push_back(std::move(units));
  }
  std::vector<Scored> scored() const {
    std::vector<Scored> out;
    for (std::size_t u = 0; u < target.size(); ++u) {
      out.push_back({"u" + std::to_string(u), speakers[u], target[u].rows,
                     sums_of(predicted[u].view(), target[u].view()), unit_per_z[u]});
    }
    return out;
  }
  Scores score(const Goals& goals = {}, const ScoredLoss& loss = {"mse", 0.5}) const {
    return cutract::score(scored(), channels, "test", loss, goals);
  }
};

std::vector<Channel> channels(std::size_t n, const std::string& unit = "mm") {
  std::vector<Channel> out;
  for (std::size_t c = 0; c < n; ++c) out.push_back({"c" + std::to_string(c), unit});
  return out;
}

Matrix column(const std::vector<float>& values) {
  Matrix m(static_cast<Index>(values.size()), 1);
  m.values = values;
  return m;
}

// The sequences of one channel over the utterances of one speaker, or of all ("").
struct Pair {
  oracle::Sequence predicted, target;
};
Pair sequences(const Split& s, Index channel, const std::string& speaker = "", double units = 0) {
  Pair out;
  for (std::size_t u = 0; u < s.target.size(); ++u) {
    if (!speaker.empty() && s.speakers[u] != speaker) continue;
    const double scale = units > 0 ? s.unit_per_z[u][static_cast<std::size_t>(channel)] : 1;
    for (Index t = 0; t < s.target[u].rows; ++t) {
      if (std::isnan(s.target[u].row(t)[channel])) continue;
      out.predicted.push_back(static_cast<long double>(s.predicted[u].row(t)[channel]) * scale);
      out.target.push_back(static_cast<long double>(s.target[u].row(t)[channel]) * scale);
    }
  }
  return out;
}

Split random_split(std::size_t P, double mean, std::uint64_t seed) {
  test::Rng rng(seed);
  Split s;
  s.channels = channels(P);
  for (int u = 0; u < 9; ++u) {
    const Index T = u == 3 ? 1 : 2 + rng.below(300);
    Matrix p(T, static_cast<Index>(P)), t = p;
    for (std::size_t i = 0; i < t.values.size(); ++i) {
      const double y = rng.normal();
      t.values[i] = static_cast<float>(mean + y);
      p.values[i] = static_cast<float>(mean + 0.5 * y + 0.4 * rng.normal());
    }
    std::vector<double> units;
    for (std::size_t c = 0; c < P; ++c) units.push_back(rng.uniform(0.5, 4));
    s.add(u % 3 == 0 ? "anna" : "bo", std::move(p), std::move(t), units);
  }
  return s;
}

Split golden_split(const std::string& name) {
  const TensorFile f = test::golden("metrics.safetensors");
  const auto y = f.at(name + ".y", "golden").as_f64(), yhat = f.at(name + ".yhat", "golden").as_f64();
  const auto length = f.at(name + ".length", "golden").as_i64();
  const Index P = f.at(name + ".y", "golden").shape[1];
  Split s;
  s.channels = channels(static_cast<std::size_t>(P));
  std::size_t at = 0;
  for (const auto T : length) {
    Matrix p(T, P), t(T, P);
    for (std::size_t i = 0; i < t.values.size(); ++i, ++at) {
      t.values[i] = static_cast<float>(y[at]);
      p.values[i] = static_cast<float>(yhat[at]);
    }
    s.add("anna", std::move(p), std::move(t));
  }
  return s;
}

TEST(Metrics, EqualSciPy) {
  const TensorFile f = test::golden("metrics.safetensors");
  for (const std::string name : {"plain", "offset"}) {
    SCOPED_TRACE(name);
    const auto want = [&](const char* metric) { return f.at(name + "." + metric, "golden").as_f64(); };
    const Scores got = golden_split(name).score();
    const auto rmse = want("rmse"), mae = want("mae"), r = want("pearson");
    int undefined = 0;
    for (std::size_t c = 0; c < got.channels.size(); ++c) {
      EXPECT_NEAR(got.channels[c].rmse, rmse[c], kScipy * rmse[c]);
      EXPECT_NEAR(got.channels[c].mae, mae[c], kScipy * mae[c]);
      ASSERT_EQ(got.channels[c].pearson.has_value(), !std::isnan(r[c])) << "channel " << c;
      if (got.channels[c].pearson) { EXPECT_NEAR(*got.channels[c].pearson, r[c], kScipy); }
      undefined += std::isnan(r[c]);
    }
    EXPECT_EQ(got.undefined_channels, undefined);
    EXPECT_NEAR(got.rmse, want("rmse_all")[0], kScipy * got.rmse);
    EXPECT_NEAR(got.mae, want("mae_all")[0], kScipy * got.mae);
    EXPECT_NEAR(got.pearson.value(), want("pearson_mean")[0], kScipy);
    EXPECT_NEAR(got.pearson_utterance.value(), want("pearson_utterance_mean")[0], kScipy);
    Index pairs = 0;
    for (const double v : want("pearson_utterance")) pairs += std::isnan(v);
    EXPECT_EQ(got.undefined_utterances, pairs);
  }
}

TEST(Metrics, EqualTheOracle) {
  for (const double mean : {0.0, 30.0}) {
    const Split s = random_split(4, mean, 1);
    const Scores got = s.score({}, {"ccc", 0.25});
    long double square = 0, units = 0, r = 0;
    for (Index c = 0; c < 4; ++c) {
      const Pair z = sequences(s, c), mm = sequences(s, c, "", 1);
      const auto& own = got.channels[static_cast<std::size_t>(c)];
      const long double rmse = oracle::rmse(z.predicted, z.target), rmse_mm = oracle::rmse(mm.predicted, mm.target);
      EXPECT_NEAR(own.rmse / static_cast<double>(rmse), 1, kScipy);
      EXPECT_NEAR(own.rmse_units / static_cast<double>(rmse_mm), 1, kScipy);
      EXPECT_NEAR(own.mae / static_cast<double>(oracle::mae(z.predicted, z.target)), 1, kScipy);
      EXPECT_NEAR(own.pearson.value(), static_cast<double>(*oracle::pearson(z.predicted, z.target)), kScipy);
      square += rmse * rmse / 4;
      units += rmse_mm * rmse_mm / 4;
      r += *oracle::pearson(z.predicted, z.target) / 4;
    }
    EXPECT_NEAR(got.rmse / static_cast<double>(std::sqrt(square)), 1, kScipy);
    EXPECT_NEAR(got.rmse_units.value() / static_cast<double>(std::sqrt(units)), 1, kScipy);
    EXPECT_NEAR(got.pearson.value(), static_cast<double>(r), kScipy);
    EXPECT_EQ(got.loss, 0.25);
    EXPECT_EQ(got.utterances, 9);
    EXPECT_EQ(got.split, "test");
    EXPECT_EQ(got.loss_name, "ccc");
  }
}

// 5 % of the targets are missing, one utterance lacks channel 0, and speaker bo has no channel 2. Means are over all
// measured values, however they are spread over channels.
TEST(Metrics, MissingTargetsAreSkipped) {
  Split s = random_split(4, 0, 11);
  test::Rng rng(12);
  Index missing = 0;
  for (std::size_t u = 0; u < s.target.size(); ++u)
    for (Index t = 0; t < s.target[u].rows; ++t)
      for (Index c = 0; c < 4; ++c) {
        if (rng.below(20) > 0 && !(u == 5 && c == 0) && !(c == 2 && s.speakers[u] == "bo")) continue;
        s.target[u].row(t)[c] = std::nanf("");
        ++missing;
      }
  const Scores got = s.score();
  EXPECT_EQ(got.missing, missing);
  long double square = 0, units = 0, magnitude = 0, r = 0, n = 0;
  for (Index c = 0; c < 4; ++c) {
    const Pair z = sequences(s, c), mm = sequences(s, c, "", 1);
    const ChannelScore& own = got.channels[static_cast<std::size_t>(c)];
    EXPECT_EQ(own.missing, got.frames - std::ssize(z.target));
    EXPECT_NEAR(own.rmse / static_cast<double>(oracle::rmse(z.predicted, z.target)), 1, kScipy);
    EXPECT_NEAR(own.pearson.value(), static_cast<double>(*oracle::pearson(z.predicted, z.target)), kScipy);
    for (std::size_t i = 0; i < z.target.size(); ++i) {
      square += std::pow(z.predicted[i] - z.target[i], 2);
      magnitude += std::abs(z.predicted[i] - z.target[i]);
      units += std::pow(mm.predicted[i] - mm.target[i], 2);
      n += 1;
    }
    r += *oracle::pearson(z.predicted, z.target) / 4;
  }
  EXPECT_NEAR(got.rmse / static_cast<double>(std::sqrt(square / n)), 1, kScipy);
  EXPECT_NEAR(got.mae / static_cast<double>(magnitude / n), 1, kScipy);
  EXPECT_NEAR(got.rmse_units.value() / static_cast<double>(std::sqrt(units / n)), 1, kScipy);
  EXPECT_NEAR(got.pearson.value(), static_cast<double>(r), kScipy);
  EXPECT_EQ(got.speakers[0].lacking, std::vector<std::string>());
  EXPECT_EQ(got.speakers[1].lacking, std::vector<std::string>{"c2"});
  EXPECT_EQ(got.missing_pairs, 6 + 1) << "channel 2 in six utterances of bo, and channel 0 in one";
  EXPECT_EQ(got.undefined_channels, 0);
}

TEST(Metrics, AChannelWithoutAnyTargetHasNoScore) {
  Split s = random_split(2, 0, 13);
  for (Matrix& t : s.target)
    for (Index i = 0; i < t.rows; ++i) t.row(i)[1] = std::nanf("");
  const Scores got = s.score();
  EXPECT_TRUE(std::isnan(got.channels[1].rmse) && std::isnan(got.channels[1].mae));
  EXPECT_FALSE(got.channels[1].pearson.has_value());
  EXPECT_EQ(got.rmse, got.channels[0].rmse);
  EXPECT_EQ(got.pearson, got.channels[0].pearson);
  EXPECT_EQ(got.undefined_channels, 0);
  for (Matrix& t : s.target)
    for (float& v : t.values) v = std::nanf("");
  EXPECT_FAULT(s.score(), Fault::data, "split \"test\": all target values are missing (NaN)");
}

TEST(Metrics, EachSpeakerIsScoredAlone) {
  const Split s = random_split(3, 0, 2);
  const Scores got = s.score();
  ASSERT_EQ(got.speakers.size(), 2u);
  Index frames = 0;
  for (const SpeakerScore& speaker : got.speakers) {
    Split alone;
    alone.channels = s.channels;
    for (std::size_t u = 0; u < s.target.size(); ++u) {
      if (s.speakers[u] == speaker.name) alone.add(speaker.name, s.predicted[u], s.target[u], s.unit_per_z[u]);
    }
    const Scores want = alone.score();
    EXPECT_EQ(speaker.frames, want.frames);
    EXPECT_EQ(speaker.utterances, speaker.name == "anna" ? 3 : 6);
    EXPECT_EQ(speaker.rmse, want.rmse);
    EXPECT_EQ(speaker.mae, want.mae);
    EXPECT_EQ(speaker.rmse_units, want.rmse_units);
    EXPECT_EQ(speaker.pearson, want.pearson);
    EXPECT_NE(speaker.rmse, got.rmse);
    frames += speaker.frames;
  }
  EXPECT_EQ(frames, got.frames);
}

// Each utterance is predicted perfectly except for its level, so r is 1 per utterance but not over all frames.
TEST(Metrics, PearsonRunsOverAllFramesNotPerUtterance) {
  Split s;
  s.channels = channels(1);
  s.add("anna", column({0, 1, 2, 3}), column({10, 11, 12, 13}));
  s.add("anna", column({10, 11, 12, 13, 14}), column({0, 1, 2, 3, 4}));
  const Scores got = s.score();
  const Pair all = sequences(s, 0);
  EXPECT_NEAR(got.pearson_utterance.value(), 1, 1e-12);
  EXPECT_NEAR(got.pearson.value(), static_cast<double>(*oracle::pearson(all.predicted, all.target)), kScipy);
  EXPECT_LT(got.pearson.value(), -0.5);
}

TEST(Metrics, ALargeMeanCostsNoDigits) {
  test::Rng rng(3);
  Split s;
  s.channels = channels(1);
  std::vector<float> p, t;
  for (int i = 0; i < 20000; ++i) {
    const double y = rng.normal();
    t.push_back(static_cast<float>(1e5 + 0.5 * y));
    p.push_back(static_cast<float>(1e5 + 0.3 * y + 0.4 * rng.normal()));
  }
  s.add("anna", column(p), column(t));
  const Pair all = sequences(s, 0);
  EXPECT_NEAR(s.score().pearson.value(), static_cast<double>(*oracle::pearson(all.predicted, all.target)), kScipy);
}

TEST(Metrics, AnUndefinedChannelIsCountedAndInNoMean) {
  Split s = random_split(3, 0, 4);
  const double first = s.score().channels[0].pearson.value(), third = s.score().channels[2].pearson.value();
  for (Matrix& t : s.target) {
    for (Index i = 0; i < t.rows; ++i) t.row(i)[1] = 0.3f;
  }
  const Scores got = s.score();
  EXPECT_FALSE(got.channels[1].pearson.has_value());
  EXPECT_GT(got.channels[1].rmse, 0);
  EXPECT_EQ(got.undefined_channels, 1);
  EXPECT_EQ(got.undefined_utterances, 9 + 2);  // that channel everywhere, the others in the utterance of one frame
  EXPECT_NEAR(got.pearson.value(), (first + third) / 2, 1e-15);
}

// Rounding must not make a constant channel seem to move, whatever the constant and the number of frames.
TEST(Metrics, AConstantIsConstant) {
  test::Rng rng(9);
  for (int trial = 0; trial < 300; ++trial) {
    const int T = 2 + rng.below(5000);
    const float v = static_cast<float>(rng.normal() * std::pow(10, rng.uniform(-30, 30)));
    Split s;
    s.channels = channels(2);
    Matrix p(T, 2), t(T, 2);
    for (Index i = 0; i < T; ++i) {
      p.row(i)[0] = t.row(i)[1] = v;
      t.row(i)[0] = p.row(i)[1] = static_cast<float>(rng.normal());
    }
    s.add("anna", std::move(p), std::move(t));
    EXPECT_EQ(s.score().undefined_channels, 2) << T << " times " << v;
  }
}

TEST(Metrics, NothingDefinedIsNoneAndMeetsNoTarget) {
  Split s;
  s.channels = channels(2);
  s.add("anna", Matrix(5, 2), Matrix(5, 2));
  const Scores got = s.score({1, -1, 1, 1});
  EXPECT_FALSE(got.pearson || got.pearson_utterance || got.speakers[0].pearson);
  EXPECT_EQ(got.undefined_channels, 2);
  EXPECT_FALSE(got.goals[1].value.has_value());
  EXPECT_FALSE(got.goals[1].met);
  EXPECT_TRUE(got.goals[0].met);
  EXPECT_EQ(got.skill, 0);  // there is nothing to predict
}

TEST(Metrics, APredictionThatIsNotANumberIsNotHidden) {
  Split s = random_split(2, 0, 5);
  s.predicted[0].row(0)[1] = std::nanf("");
  const Scores got = s.score({10, -1, 10, 10}, {"mse", std::nan("")});
  EXPECT_TRUE(std::isnan(got.rmse) && std::isnan(got.mae) && std::isnan(got.channels[1].rmse));
  EXPECT_FALSE(std::isnan(got.channels[0].rmse));
  EXPECT_FALSE(got.channels[1].pearson.has_value());
  EXPECT_EQ(got.pearson, got.channels[0].pearson);
  EXPECT_FALSE(got.goals[0].met || got.goals[2].met || got.goals[3].met);
}

TEST(Metrics, OnlyTargetsThatAreSetAreJudged) {
  const Split s = random_split(2, 0, 7);
  EXPECT_TRUE(s.score().goals.empty());
  const Scores one = s.score({.rmse = {}, .pearson = -1, .mae = {}, .loss = {}});
  ASSERT_EQ(one.goals.size(), 1u);
  EXPECT_EQ(one.goals[0].metric, "pearson");
  EXPECT_TRUE(one.goals[0].met);
}

// The score of one utterance is that of a split that contains only this utterance.
TEST(Metrics, EachUtteranceIsScoredOnItsOwn) {
  const Split s = random_split(3, 0, 8);
  const Scores all = s.score();
  ASSERT_EQ(all.each.size(), s.target.size());
  for (std::size_t u = 0; u < s.target.size(); ++u) {
    const auto alone = s.scored();
    const Scores own = score(std::span(&alone[u], 1), s.channels, "test", {"mse", 0.5}, {});
    const UtteranceScore& got = all.each[u];
    EXPECT_EQ(got.id, "u" + std::to_string(u));
    EXPECT_EQ(got.speaker, s.speakers[u]);
    EXPECT_EQ(got.frames, s.target[u].rows);
    EXPECT_EQ(got.rmse, own.rmse);
    EXPECT_EQ(got.mae, own.mae);
    EXPECT_EQ(got.pearson, own.pearson);
    EXPECT_EQ(got.rmse_units, own.rmse_units);
  }
}

TEST(Metrics, TargetsAreMetAtTheirValue) {
  const Split s = random_split(2, 0, 6);
  const Scores at = s.score();
  const Goals exact{at.rmse, *at.pearson, at.mae, at.loss};
  const auto met = [&](const Goals& want) {
    std::map<std::string, bool> out;
    for (const Goal& t : s.score(want).goals) out[t.metric] = t.met;
    return out;
  };
  using Met = std::map<std::string, bool>;
  EXPECT_EQ(met(exact), (Met{{"rmse", true}, {"pearson", true}, {"mae", true}, {"loss", true}}));
  const double less = 1 - 1e-9;
  EXPECT_EQ(met({at.rmse * less, *at.pearson / less, at.mae * less, at.loss * less}),
            (Met{{"rmse", false}, {"pearson", false}, {"mae", false}, {"loss", false}}));
  EXPECT_EQ(met({at.rmse / less, *at.pearson * less, at.mae / less, at.loss / less}),
            (Met{{"rmse", true}, {"pearson", true}, {"mae", true}, {"loss", true}}));
}

TEST(Metrics, SkillIsMeasuredAgainstTheMean) {
  Split s;
  s.channels = channels(1);
  s.add("anna", column({1, -1, 0, 0}), column({2, -2, 1, -1}));
  const Scores got = s.score();
  EXPECT_NEAR(got.rmse, 1, 1e-15);
  EXPECT_NEAR(got.rmse_mean_predictor, std::sqrt(2.5), 1e-15);
  EXPECT_NEAR(got.skill, 1 - 1 / 2.5, 1e-15);
  s.predicted[0] = Matrix(4, 1);
  EXPECT_EQ(s.score().skill, 0);
  s.predicted[0] = column({-2, 2, -1, 1});
  EXPECT_NEAR(s.score().skill, -3, 1e-14);
}

TEST(Metrics, UnitsAreOfTheMostCommonUnit) {
  Split s;
  s.channels = {{"angle", "deg"}, {"x", "mm"}, {"y", "mm"}};
  Matrix p(2, 3), t(2, 3);
  p.values = {1, 1, 1, 1, 1, 1};
  s.add("anna", p, t, {100, 3, 4});
  const Scores got = s.score();
  EXPECT_EQ(got.rmse_units_name, "mm");
  EXPECT_NEAR(got.rmse_units.value(), std::sqrt((9 + 16) / 2.0), 1e-14);
  EXPECT_NEAR(got.channels[0].rmse_units, 100, 1e-12);
  EXPECT_NEAR(got.speakers[0].rmse_units.value(), std::sqrt(12.5), 1e-14);
  s.channels = {{"angle", "deg"}, {"x", "mm"}, {"y", ""}};
  EXPECT_EQ(s.score().rmse_units_name, "deg");  // the first of equally common ones
}

TEST(Metrics, RefusesWhatItCannotScore) {
  Split s = random_split(2, 0, 7);
  Split wrong = s;
  wrong.predicted[2] = Matrix(wrong.target[2].rows + 1, 2);
  EXPECT_FAULT(wrong.score(), Fault::internal, "score_sums.predicted: shape is");
  wrong = s;
  wrong.channels = channels(3);
  EXPECT_FAULT(wrong.score(), Fault::internal, "score.sums: 2 values, expected 3");
  wrong = s;
  wrong.unit_per_z[1].pop_back();
  EXPECT_FAULT(wrong.score(), Fault::internal, "unit_per_z: 1 values, expected 2");
  Split none;
  none.channels = channels(1);
  EXPECT_FAULT(none.score(), Fault::data, "split \"test\": no frame to score in 0 utterances");
  none.add("anna", Matrix(0, 1), Matrix(0, 1));
  EXPECT_FAULT(none.score(), Fault::data, "no frame to score in 1 utterance");
}

TEST(Metrics, AnEmptyUtteranceChangesNoScore) {
  Split s = random_split(2, 0, 8);
  const Scores before = s.score();
  s.add("carl", Matrix(0, 2), Matrix(0, 2));
  const Scores after = s.score();
  EXPECT_EQ(after.rmse, before.rmse);
  EXPECT_EQ(after.pearson_utterance, before.pearson_utterance);
  EXPECT_EQ(after.speakers.size(), before.speakers.size());
}

}  // namespace
}  // namespace cutract
