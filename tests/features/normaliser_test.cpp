#include "features/dataset/normaliser.h"

#include <cstring>
#include <limits>

#include "features/frames.h"
#include "tests/kernels/on_each_device.h"
#include "tests/oracle/metrics.h"
#include "tests/support/support.h"

namespace cutract {
namespace {

constexpr Index C = 3;

struct Data {
  std::vector<std::string> speakers;
  std::vector<Matrix> rows;
  // Column c of the parts of one speaker, or of all parts ("").
  oracle::Sequence column(Index c, const std::string& speaker = "") const {
    oracle::Sequence out;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (!speaker.empty() && speakers[i] != speaker) continue;
      for (Index t = 0; t < rows[i].rows; ++t) out.push_back(rows[i].row(t)[c]);
    }
    return out;
  }
};

Matrix random_rows(test::Rng& rng, Index T, double mean, double std) {
  Matrix m(T, C);
  for (Index t = 0; t < T; ++t) {
    for (Index c = 0; c < C; ++c)
      m.row(t)[c] = static_cast<float>(mean * static_cast<double>(c + 1) + std * rng.normal());
  }
  return m;
}

// Two speakers with very different statistics, and utterances of 1 to 60 frames, interleaved.
Data two_speakers() {
  test::Rng rng(1);
  Data d;
  for (int i = 0; i < 12; ++i) {
    d.speakers.push_back(i % 3 == 0 ? "anna" : "bo");
    d.rows.push_back(random_rows(rng, i == 4 ? 1 : 10 + rng.below(50), i % 3 == 0 ? 20 : -3, i % 3 == 0 ? 4 : 0.5));
  }
  return d;
}

class NormaliserOnEachDevice : public test::OnEachDevice {
 protected:
  // The same data in the executor's memory.
  struct There {
    std::vector<Frames> frames;
    std::vector<Normaliser::Part> parts;
  };
  There there(const Data& d) {
    There out;
    for (std::size_t i = 0; i < d.rows.size(); ++i) {
      out.frames.emplace_back(exec(), d.rows[i]);
      out.parts.push_back({d.speakers[i], out.frames.back().view()});
    }
    return out;
  }
  Normaliser fit(Scope scope, const Data& d) { return Normaliser::fit(exec(), scope, there(d).parts); }
  // Returns the normalised matrix.
  Matrix apply(const Normaliser& n, const Matrix& m, const std::string& speaker) {
    const There one = there({{speaker}, {m}});
    n.apply(exec(), one.parts);
    return one.frames[0].matrix(exec());
  }
};
CUTRACT_ON_EACH_DEVICE(NormaliserOnEachDevice);

TEST_P(NormaliserOnEachDevice, StatisticsEqualTheOracle) {
  const Data d = two_speakers();
  const auto n = fit(Scope::speaker, d);
  EXPECT_EQ(n.columns(), C);
  for (const std::string who : {"anna", "bo", "somebody else"}) {
    Matrix zero(1, C);  // the inverse of z = 0 is the mean
    n.invert(zero.view(), who);
    for (Index c = 0; c < C; ++c) {
      const auto column = d.column(c, n.knows(who) ? who : "");
      EXPECT_NEAR(n.unit_per_z(who)[c] / static_cast<double>(oracle::population_std(column)), 1, 1e-13) << who;
      EXPECT_FLOAT_EQ(zero.row(0)[c], static_cast<float>(oracle::mean(column))) << who;
    }
  }
}

TEST_P(NormaliserOnEachDevice, AKnownSpeakerGetsItsOwnStatistics) {
  const Data d = two_speakers();
  const auto n = fit(Scope::speaker, d);
  for (std::size_t i = 0; i < d.rows.size(); ++i) {
    const Matrix z = apply(n, d.rows[i], d.speakers[i]);
    std::vector<double> want;
    for (Index t = 0; t < z.rows; ++t) {
      for (Index c = 0; c < C; ++c) {
        const auto column = d.column(c, d.speakers[i]);
        want.push_back(
            static_cast<double>((d.rows[i].row(t)[c] - oracle::mean(column)) / oracle::population_std(column)));
      }
    }
    EXPECT_REL_L2(z.values, want, 1e-7);
  }
}

// Statistics of what is left after 5 % of the values are removed; speaker bo lacks the last column, which gets the
// statistics of the corpus there. Missing values stay missing.
TEST_P(NormaliserOnEachDevice, MissingValuesAreSkipped) {
  Data d = two_speakers();
  test::Rng rng(9);
  for (std::size_t i = 0; i < d.rows.size(); ++i)
    for (Index t = 0; t < d.rows[i].rows; ++t)
      for (Index c = 0; c < C; ++c)
        if (rng.below(20) == 0 || (c == 2 && d.speakers[i] == "bo")) d.rows[i].row(t)[c] = std::nanf("");
  const auto measured = [&](Index c, const std::string& who) {
    oracle::Sequence out = d.column(c, who);
    std::erase_if(out, [](long double v) { return std::isnan(v); });
    return out;
  };
  const Normaliser n = Normaliser::fit(exec(), Scope::speaker, there(d).parts, {}, MissingValues::skipped);
  for (const std::string who : {"anna", "bo", ""})
    for (Index c = 0; c < C; ++c) {
      const oracle::Sequence column = measured(c, c == 2 && who == "bo" ? "" : who);
      const auto at = static_cast<std::size_t>(c);
      EXPECT_NEAR(n.statistics(who).mean[at], static_cast<double>(oracle::mean(column)), 1e-12) << who << c;
      EXPECT_NEAR(n.statistics(who).std[at] / static_cast<double>(oracle::population_std(column)), 1, 1e-12)
          << who << c;
    }
  for (const Scope scope : {Scope::utterance, Scope::speaker}) {
    const Normaliser by = Normaliser::fit(exec(), scope, there(d).parts, {}, MissingValues::skipped);
    const There one = there({{"bo"}, {d.rows[1]}});
    const auto units = by.apply(exec(), one.parts, MissingValues::skipped);
    const Matrix z = one.frames[0].matrix(exec());
    for (std::size_t i = 0; i < z.values.size(); ++i)
      ASSERT_EQ(std::isnan(z.values[i]), std::isnan(d.rows[1].values[i])) << i;
    EXPECT_EQ(units[0][2], by.statistics("").std[2]);
  }
  EXPECT_FAULT(fit(Scope::speaker, d), Fault::data, "column 0 holds a value that is not finite");
  for (Matrix& m : d.rows)
    for (Index t = 0; t < m.rows; ++t) m.row(t)[1] = std::nanf("");
  EXPECT_FAULT(Normaliser::fit(exec(), Scope::speaker, there(d).parts, {}, MissingValues::skipped), Fault::data,
               "training data: column 1 has no measured value, expected at least one");
}

// A column that opts out goes through as it is, in every scope and for every kind of speaker; the others do not notice.
TEST_P(NormaliserOnEachDevice, AColumnThatOptsOutIsKept) {
  const Data d = two_speakers();
  const std::vector<Column> columns{{"mel_0", true, 0}, {"voiced", false, 0}, {"mel_1", true, 0}};
  for (const Scope scope : {Scope::utterance, Scope::speaker, Scope::corpus}) {
    const Normaliser all = fit(scope, d), kept = Normaliser::fit(exec(), scope, there(d).parts, columns);
    TensorFile file;
    kept.save(file, "n");
    const Normaliser back = Normaliser::load(file, "n", "test");
    EXPECT_EQ(back.hash(), kept.hash());
    EXPECT_NE(kept.hash(), all.hash());
    for (const std::string who : {"anna", "somebody else"})
      for (const Normaliser& n : {kept, back}) {
        const Matrix usual = apply(all, d.rows[0], who);
        Matrix got = apply(n, d.rows[0], who);
        for (Index t = 0; t < got.rows; ++t) {
          EXPECT_EQ(got.row(t)[0], usual.row(t)[0]);
          EXPECT_EQ(got.row(t)[1], d.rows[0].row(t)[1]);
          EXPECT_EQ(got.row(t)[2], usual.row(t)[2]);
        }
      }
  }
}

TEST_P(NormaliserOnEachDevice, AdaptingLeavesAColumnThatOptsOut) {
  const Data d = two_speakers();
  const std::vector<Column> columns{{"mel_0", true, 0}, {"voiced", false, 0}, {"mel_1", true, 0}};
  Normaliser n = Normaliser::fit(exec(), Scope::corpus, there(d).parts, columns);
  const Normaliser::Moments heard{50, {1, 2, 3}, {50, 50, 50}};
  const std::vector<Normaliser::Level> levels{{0, 1}, {2, 1}};
  n.adapt("new", heard, 100, levels);
  EXPECT_EQ(n.statistics("new").mean[1], 0);
  EXPECT_EQ(n.statistics("new").std[1], 1);
  EXPECT_NE(n.statistics("new").mean[0], 0);
}

// Two columns that a gain moves by different amounts: the shift is found from both, each in its own unit.
TEST_P(NormaliserOnEachDevice, AdaptingShiftsEachColumnByItsOwnUnit) {
  const Data d = two_speakers();
  Normaliser n = fit(Scope::corpus, d);
  const std::vector<double> before = n.statistics("").mean;
  Normaliser::Moments heard{1, before, {0, 0, 0}};
  heard.mean[0] += 2;
  heard.mean[1] += 10;  // 5 times as much
  const std::vector<Normaliser::Level> levels{{0, 1}, {1, 5}};
  n.adapt("new", heard, 1000, levels);
  EXPECT_NEAR(n.statistics("new").mean[0] - before[0], 2, 1e-9);
  EXPECT_NEAR(n.statistics("new").mean[1] - before[1], 10, 1e-9);
}

TEST_P(NormaliserOnEachDevice, NamesTheColumnOfABadValue) {
  Data d = two_speakers();
  d.rows[2].row(0)[1] = std::numeric_limits<float>::infinity();
  const std::vector<Column> columns{{"mel_0", true, 0}, {"voiced", true, 0}, {"mel_1", true, 0}};
  EXPECT_FAULT(Normaliser::fit(exec(), Scope::corpus, there(d).parts, columns), Fault::data,
               "column voiced holds a value that is not finite");
}

TEST_P(NormaliserOnEachDevice, AnUnseenSpeakerGetsTheCorpusStatistics) {
  const Data d = two_speakers();
  const auto by_speaker = fit(Scope::speaker, d);
  const auto by_corpus = fit(Scope::corpus, d);
  EXPECT_TRUE(by_speaker.knows("anna"));
  EXPECT_FALSE(by_speaker.knows("carl"));
  EXPECT_TRUE(by_corpus.knows("carl"));  // in this scope no speaker needs individual statistics
  const Matrix a = apply(by_speaker, d.rows[0], "carl"), b = apply(by_corpus, d.rows[0], "anna");
  EXPECT_EQ(a.values, b.values);
  EXPECT_EQ(by_speaker.unit_per_z("carl"), by_corpus.unit_per_z("anna"));
}

TEST_P(NormaliserOnEachDevice, InvertUndoesApply) {
  const Data d = two_speakers();
  for (const Scope scope : {Scope::speaker, Scope::corpus}) {
    const auto n = fit(scope, d);
    for (const std::string who : {"anna", "bo", "carl"}) {
      Matrix x = apply(n, d.rows[0], who);
      EXPECT_NE(x.values, d.rows[0].values);
      n.invert(x.view(), who);
      EXPECT_REL_L2(x.values, d.rows[0].values, 1e-6);
    }
  }
}

TEST_P(NormaliserOnEachDevice, UtteranceScopeUsesTheRowsThemselves) {
  const Data d = two_speakers();
  const auto n = fit(Scope::utterance, d);
  const Matrix z = apply(n, d.rows[1], "bo");
  for (Index c = 0; c < C; ++c) {
    oracle::Sequence column;
    for (Index t = 0; t < z.rows; ++t) column.push_back(z.row(t)[c]);
    EXPECT_NEAR(static_cast<double>(oracle::mean(column)), 0, 1e-6);
    EXPECT_NEAR(static_cast<double>(oracle::population_std(column)), 1, 1e-6);
  }
  EXPECT_EQ(n.unit_per_z("bo"), fit(Scope::corpus, d).unit_per_z("bo"));
  EXPECT_TRUE(n.knows("carl"));
  EXPECT_EQ(apply(n, Matrix(0, C), "bo").rows, 0);
}

// Several utterances in one call, each with its own group; the result is the double-precision one, rounded once.
TEST_P(NormaliserOnEachDevice, PartsOfOneCallGetTheirOwnStatistics) {
  const Data d = two_speakers();
  for (const Scope scope : {Scope::utterance, Scope::speaker, Scope::corpus}) {
    const auto n = fit(scope, d);
    const There all = there(d);
    const auto units = n.apply(exec(), all.parts);
    for (std::size_t i = 0; i < d.rows.size(); ++i) {
      const There one = there({{d.speakers[i]}, {d.rows[i]}});
      EXPECT_EQ(units[i], n.apply(exec(), one.parts)[0]);
      EXPECT_BITWISE(all.frames[i].matrix(exec()).values, one.frames[0].matrix(exec()).values);
    }
  }
}

TEST_P(NormaliserOnEachDevice, SameBitsAgain) {
  const Data d = two_speakers();
  const std::string one = fit(Scope::speaker, d).hash();
  for (Exec& other : others()) {
    std::vector<Frames> frames;
    std::vector<Normaliser::Part> parts;
    for (std::size_t i = 0; i < d.rows.size(); ++i) {
      frames.emplace_back(other, d.rows[i]);
      parts.push_back({d.speakers[i], frames.back().view()});
    }
    EXPECT_EQ(Normaliser::fit(other, Scope::speaker, parts).hash(), one);
  }
}

// A single pass over squares would lose this: the deviation is 5e-5 of the mean, its square 2.5e-9.
TEST_P(NormaliserOnEachDevice, KeepsASmallDeviationOfALargeMean) {
  test::Rng rng(2);
  Data d{{"anna"}, {random_rows(rng, 50000, 1e4, 0.5)}};
  const auto n = fit(Scope::corpus, d);
  for (Index c = 0; c < C; ++c) {
    EXPECT_NEAR(n.unit_per_z("anna")[c] / static_cast<double>(oracle::population_std(d.column(c))), 1, 1e-12);
  }
}

TEST_P(NormaliserOnEachDevice, AConstantColumnMapsToZero) {
  test::Rng rng(3);
  Data d{{"anna", "anna"}, {random_rows(rng, 40, 2, 1), random_rows(rng, 999, 2, 1)}};
  for (Matrix& m : d.rows) {
    for (Index t = 0; t < m.rows; ++t) m.row(t)[1] = 0.1f;
  }
  const auto n = fit(Scope::speaker, d);
  EXPECT_EQ(n.constant_columns(), std::vector<Index>{1});
  EXPECT_EQ(n.unit_per_z("anna")[1], 1.0);
  Matrix z = apply(n, d.rows[0], "anna");
  for (Index t = 0; t < z.rows; ++t) EXPECT_EQ(z.row(t)[1], 0.0f);
  n.invert(z.view(), "anna");
  for (Index t = 0; t < z.rows; ++t) EXPECT_EQ(z.row(t)[1], 0.1f);
}

TEST_P(NormaliserOnEachDevice, RefusesWhatHasNoStatistics) {
  EXPECT_FAULT(fit(Scope::corpus, {}), Fault::data, "training data: has no frames");
  Matrix none(0, C), bad(2, C), wide(2, C + 1);
  EXPECT_FAULT(fit(Scope::speaker, {{"anna"}, {none}}), Fault::data, "no frame");
  bad.row(1)[2] = std::nanf("");
  EXPECT_FAULT(fit(Scope::speaker, {{"anna"}, {bad}}), Fault::data, "column 2 holds a value that is not finite");
  bad.row(1)[2] = 1;
  EXPECT_FAULT(fit(Scope::speaker, {{"anna", "anna"}, {bad, wide}}), Fault::internal,
               "normaliser.rows: shape is [2,4], expected [2,3]");
  const auto n = fit(Scope::corpus, {{"anna"}, {bad}});
  EXPECT_FAULT(apply(n, wide, "anna"), Fault::internal, "normaliser.apply");
  EXPECT_FAULT(n.invert(wide.view(), "anna"), Fault::internal, "normaliser.invert");
}

// A speaker whose only training utterance is empty has no statistics and therefore counts as unseen.
TEST_P(NormaliserOnEachDevice, AnEmptyUtteranceAddsNothing) {
  const Data d = two_speakers();
  Data more = d;
  more.speakers.emplace_back("dora");
  more.rows.emplace_back(0, C);
  const auto n = fit(Scope::speaker, more);
  EXPECT_FALSE(n.knows("dora"));
  EXPECT_EQ(n.hash(), fit(Scope::speaker, d).hash());
}

TEST_P(NormaliserOnEachDevice, SaveAndLoadKeepEveryBit) {
  Data d = two_speakers();
  d.speakers[0] = "a.b. mean";  // a name that looks like a prefix
  for (const Scope scope : {Scope::utterance, Scope::speaker, Scope::corpus}) {
    const auto n = fit(scope, d);
    TensorFile file;
    n.save(file, "targets");
    fit(Scope::corpus, {{"anna"}, {d.rows[0]}}).save(file, "features");  // a second one in the same file
    const auto back = Normaliser::load(decode_safetensors(encode_safetensors(file), "m"), "targets", "m");
    EXPECT_EQ(back.scope(), scope);
    EXPECT_EQ(back.hash(), n.hash());
    EXPECT_EQ(back.constant_columns(), n.constant_columns());
    for (const std::string who : {"a.b. mean", "anna", "bo", "carl"}) {
      EXPECT_EQ(back.knows(who), n.knows(who));
      const auto a = n.unit_per_z(who), b = back.unit_per_z(who);
      EXPECT_EQ(std::memcmp(a.data(), b.data(), a.size() * sizeof(double)), 0);
      EXPECT_EQ(apply(n, d.rows[0], who).values, apply(back, d.rows[0], who).values);
    }
  }
}

TEST_P(NormaliserOnEachDevice, ConstantColumnsSurviveSaving) {
  Matrix m(2, C);  // all zero
  m.row(0)[0] = 1;
  m.row(1)[0] = -1;  // a deviation of exactly 1 is not a constant
  TensorFile file;
  fit(Scope::speaker, {{"anna"}, {m}}).save(file, "n");
  EXPECT_EQ(Normaliser::load(file, "n", "m").constant_columns(), (std::vector<Index>{1, 2}));
}

TEST_P(NormaliserOnEachDevice, HashFollowsTheContent) {
  Data d = two_speakers();
  const std::string before = fit(Scope::speaker, d).hash();
  EXPECT_EQ(before.size(), 64u);
  EXPECT_NE(fit(Scope::corpus, d).hash(), before);
  d.rows[3].row(0)[0] += 0.01f;
  EXPECT_NE(fit(Scope::speaker, d).hash(), before);
}

TEST_P(NormaliserOnEachDevice, LoadNamesWhatIsWrong) {
  const Data d = two_speakers();
  TensorFile good;
  fit(Scope::speaker, d).save(good, "n");
  const auto with = [&](auto change) {
    TensorFile f = good;
    change(f);
    (void)Normaliser::load(f, "n", "model.safetensors");
  };
  EXPECT_FAULT(with([](TensorFile& f) { f.metadata.clear(); }), Fault::data,
               "model.safetensors: no metadata \"n.scope\"");
  EXPECT_FAULT(with([](TensorFile& f) { f.metadata["n.scope"] = "world"; }), Fault::data,
               "is \"world\", expected utterance");
  EXPECT_FAULT(with([](TensorFile& f) { f.tensors.erase("n.std"); }), Fault::data, "n.std");
  EXPECT_FAULT(with([](TensorFile& f) { f.tensors.erase("n.std.bo"); }), Fault::data, "n.std.bo");
  EXPECT_FAULT(with([](TensorFile& f) {
                 f.tensors["n.std"] = Tensor::f64({2}, std::vector<double>{1, 1});
               }),
               Fault::data, "has 2 values, expected a vector of 3");
  EXPECT_FAULT(with([](TensorFile& f) { f.tensors["n.mean.bo"] = Tensor::f64({4}, std::vector<double>(4, 1)); }),
               Fault::data, "\"n.mean.bo\" has 4 values");
  EXPECT_FAULT(with([](TensorFile& f) {
                 f.tensors["n.std.bo"] = Tensor::f64({3}, std::vector<double>{1, 0, 1});
               }),
               Fault::data, "\"n.std.bo\" holds 0, expected a value above 0");
  EXPECT_FAULT(with([](TensorFile& f) {
                 f.tensors["n.mean"] = Tensor::f64({3}, std::vector<double>{1, HUGE_VAL, 1});
               }),
               Fault::data, "\"n.mean\" holds a value that is not finite");
  EXPECT_FAULT(with([](TensorFile& f) { f.tensors["n.constant"] = Tensor::f64({1}, std::vector<double>{1}); }),
               Fault::data, "\"n.constant\" has 1 value, expected a vector of 3");
}

}  // namespace
}  // namespace cutract
