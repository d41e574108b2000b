#include "host/corpus/quality.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/corpus/corpus_folder.h"

namespace cutract {
namespace {

using test::CorpusFolder;

// A corpus of three utterances whose audio and tracks differ and move; `spoil` changes one thing.
class Quality : public testing::Test {
 protected:
  Quality() {
    std::string rows;
    int k = 0;
    for (const char* row : {"a\ts1\ttrain", "b\ts1\tval", "c\ts1\ttest"}) {
      const std::string id(row, 1);
      tone(id, 100.0 + 30 * k, 0.5F);
      wave(id, 1.0 + 0.3 * k++);
      rows += std::string(row) + "\taudio/" + id + ".wav\tart/" + id + ".npy\n";
    }
    folder_.manifest(rows);
  }
  void tone(const std::string& id, double hz, float size, float most = 1) const {
    Audio a{8000, {}};
    for (int i = 0; i < 4000; ++i)
      a.samples.push_back(std::clamp(size * static_cast<float>(std::sin(hz * i / 1000 + 0.1)), -most, most));
    write_audio(folder_ / ("audio/" + id + ".wav"), a);
  }
  void wave(const std::string& id, double turn, float spike = 0, float second = 1) const {
    Matrix m(50, 2);
    for (Index t = 0; t < 50; ++t) {
      m.row(t)[0] = 60 + 3 * static_cast<float>(std::sin(turn * static_cast<double>(t) / 4));
      m.row(t)[1] = second * static_cast<float>(std::cos(turn * static_cast<double>(t) / 3));
    }
    m.row(20)[0] += spike;
    folder_.track(id, m);
  }
  std::string doubts() const {
    const Corpus c = read_corpus(folder_.path());
    std::vector<std::optional<UtteranceFacts>> facts;
    for (const auto& u : c.utterances) facts.emplace_back(facts_of(read_recording(c, u), c.sample_rate));
    std::string out;
    for (const Doubt& d : doubts_about(c, facts, "train", "test")) {
      out += d.kind + ":";
      for (const auto& p : d.places) out += " " + p + ";";
      out += "\n";
    }
    return out;
  }
  CorpusFolder folder_;
};

TEST_F(Quality, GoodDataRaiseNoDoubt) { EXPECT_EQ(doubts(), ""); }

// Missing values are counted, and are neither outliers nor a channel that does not move.
TEST_F(Quality, MissingValuesAreCounted) {
  Matrix m(50, 2);
  for (Index t = 0; t < 50; ++t) {
    m.row(t)[0] = t < 5 ? std::nanf("") : 60 + 3 * static_cast<float>(std::sin(static_cast<double>(t) / 4));
    m.row(t)[1] = std::nanf("");
  }
  folder_.track("a", m);
  const Corpus c = read_corpus(folder_.path());
  const UtteranceFacts f = facts_of(read_recording(c, c.utterances[0]), c.sample_rate);
  EXPECT_EQ(f.values, 100);
  EXPECT_EQ(f.missing.values, 55);
  EXPECT_EQ(f.missing.gaps, 2);
  EXPECT_EQ(f.channels[0].measured, 45);
  EXPECT_GE(f.channels[0].lo_s, 0.05);
  EXPECT_EQ(doubts(), "");
  m.values.assign(100, std::nanf(""));
  folder_.track("a", m);
  EXPECT_EQ(doubts(), "utterances without any measured value: a (train);\n");
  for (const char* id : {"b", "c"}) {
    Matrix other = read_npy(folder_ / ("art/" + std::string(id) + ".npy"));
    for (Index t = 0; t < 50; ++t) other.row(t)[1] = std::nanf("");
    folder_.track(id, other);
  }
  EXPECT_NE(doubts().find("channels that a speaker lacks: they are never measured: tt_z of speaker s1;"),
            std::string::npos)
      << doubts();
}

TEST_F(Quality, CopiesUnderOtherIds) {
  tone("c", 100, 0.5F);
  EXPECT_EQ(doubts(), "the same audio in two splits, so that test data are learned: a (train) and c (test);\n");
  tone("c", 160, 0.5F);
  wave("c", 1.0);
  EXPECT_EQ(doubts(), "the same articulation in two splits, so that test data are learned: a (train) and c (test);\n");
}

TEST_F(Quality, OverlappingPartsOfOneFile) {
  folder_.write("manifest.tsv",
                "id\tspeaker\tsplit\taudio\tarticulation\tstart_s\tend_s\n"
                "a\ts1\ttrain\taudio/a.wav\tart/a.npy\t0\t0.3\nb\ts1\ttest\taudio/a.wav\tart/a.npy\t0.2\t0.5\n"
                "c\ts1\tval\taudio/b.wav\tart/b.npy\t0\t0.2\nd\ts1\ttest\taudio/b.wav\tart/b.npy\t0.2\t0.5\n");
  EXPECT_EQ(doubts(), "overlapping parts of one audio file in two splits: a (train) and b (test);\n");
}

TEST_F(Quality, SentencesInTrainingAndTest) {
  const std::string header = "id\tspeaker\tsplit\taudio\tarticulation\ttext\n";
  const std::string a = "a\ts1\ttrain\taudio/a.wav\tart/a.npy\thello\n";
  folder_.write("manifest.tsv", header + a + "c\ts1\ttest\taudio/c.wav\tart/c.npy\thello\n");
  EXPECT_EQ(doubts(), "the same sentence by the same speaker in training and test: a (train) and c (test);\n");
  folder_.write("manifest.tsv", header + a + "b\ts2\ttrain\taudio/b.wav\tart/b.npy\tother\n" +
                                    "c\ts2\ttest\taudio/c.wav\tart/c.npy\thello\n");
  EXPECT_EQ(doubts(), "the same sentence by another speaker in training and test: a (train) and c (test);\n");
  // The corpus is split by speaker, so sentences are repeated on purpose.
  folder_.write("manifest.tsv", header + a + "c\ts2\ttest\taudio/c.wav\tart/c.npy\thello\n");
  EXPECT_EQ(doubts(), "");
}

TEST_F(Quality, SilenceAndClipping) {
  tone("b", 130, 0);
  EXPECT_EQ(doubts(), "silent or nearly silent audio: b: all samples are the same;\n");
  tone("b", 130, 0.0003F);
  EXPECT_EQ(doubts().substr(0, 44), "silent or nearly silent audio: b: peak 70 dB");
  tone("b", 130, 1.5F, 0.9F);
  // |sin| is above 0.6 for 1 - 2 asin(0.6) / pi = 59 % of the time.
  EXPECT_TRUE(doubts().starts_with("clipped audio: b: 59.")) << doubts();
}

TEST_F(Quality, DeadStuckAndWildChannels) {
  wave("b", 1.3, 0, 0);
  EXPECT_EQ(doubts(), "channels that stop moving: b: tt_z is 0 throughout;\n");
  for (const char* id : {"a", "c"}) wave(id, id[0] == 'a' ? 1 : 1.6, 0, 0);
  EXPECT_EQ(doubts(), "channels that are constant or nearly constant: tt_z of speaker s1 is always 0;\n");
  for (const char* id : {"a", "b", "c"}) wave(id, 1 + 0.1 * (id[0] - 'a'), 0, 0.01F);
  EXPECT_NE(doubts().find("nearly constant: tt_z of speaker s1 moves by 0.007 mm (std)"), std::string::npos)
      << doubts();
  for (const char* id : {"a", "b", "c"}) wave(id, 1 + 0.1 * (id[0] - 'a'), id[0] == 'b' ? 80 : 0);
  EXPECT_TRUE(doubts().starts_with("outliers: b: tt_x is 1")) << doubts();
  EXPECT_NE(doubts().find(" mm at 0.20 s, where 60."), std::string::npos) << doubts();
}

}  // namespace
}  // namespace cutract
