#include "host/corpus/folds.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "host/io/atomic_file.h"
#include "tests/support/support.h"

namespace cutract {
namespace {

// 60 utterances of 3 speakers, who all read the same 20 sentences.
Corpus corpus() {
  Corpus c;
  c.dir = "here";
  for (const char* speaker : {"anna", "bert", "carl"})
    for (int s = 0; s < 20; ++s) {
      Utterance u;
      u.id = std::string(speaker) + std::to_string(s);
      u.speaker = speaker;
      u.text = "sentence " + std::to_string(s);
      u.line = static_cast<int>(c.utterances.size()) + 2;
      c.utterances.push_back(u);
    }
  return c;
}

std::map<std::string, std::set<std::string>> texts_by_split(const Corpus& c, const Fold& f) {
  std::map<std::string, std::set<std::string>> out;
  for (std::size_t i = 0; i < f.splits.size(); ++i) out[f.splits[i]].insert(c.utterances[i].text);
  return out;
}

TEST(Folds, EachSentenceIsTestedOnceAndSharedWithNoOtherSplit) {
  const Corpus c = corpus();
  const std::vector<Fold> folds = plan_folds(c, {.by = GroupBy::sentence, .count = 5});
  ASSERT_EQ(folds.size(), 5u);
  std::map<std::string, int> tested;
  for (const Fold& f : folds) {
    const auto texts = texts_by_split(c, f);
    ASSERT_EQ(texts.size(), 3u);
    EXPECT_EQ(texts.at("test").size(), 4u);
    EXPECT_EQ(texts.at("val").size() + texts.at("train").size(), 16u);  // so no sentence is in two of them
    EXPECT_EQ(texts.at("val").size(), 2u);
    for (const std::string& text : texts.at("test")) ++tested[text];
  }
  EXPECT_EQ(tested.size(), 20u);
  for (const auto& [text, times] : tested) EXPECT_EQ(times, 1) << text;
}

TEST(Folds, LeavingOutASpeakerNamesTheFoldAndValidatesOnSentencesOfTheOthers) {
  const Corpus c = corpus();
  const std::vector<Fold> folds = plan_folds(c, {.by = GroupBy::speaker, .count = 0, .val_share = 0.2});
  ASSERT_EQ(folds.size(), 3u);
  EXPECT_EQ(folds[1].name, "bert");
  std::map<std::string, std::map<std::string, int>> count;
  for (std::size_t i = 0; i < c.utterances.size(); ++i) ++count[folds[1].splits[i]][c.utterances[i].speaker];
  EXPECT_EQ(count["test"], (std::map<std::string, int>{{"bert", 20}}));
  EXPECT_EQ(count["val"], (std::map<std::string, int>{{"anna", 4}, {"carl", 4}}));
  EXPECT_EQ(count["train"], (std::map<std::string, int>{{"anna", 16}, {"carl", 16}}));
}

TEST(Folds, DependOnTheSeedAlone) {
  const Corpus c = corpus();
  const auto splits = [&](std::int64_t seed) { return plan_folds(c, {.count = 2, .seed = seed})[0].splits; };
  EXPECT_EQ(splits(1), splits(1));
  EXPECT_NE(splits(1), splits(2));
  const std::vector<Fold> twelve = plan_folds(c, {.count = 12});
  EXPECT_EQ(twelve[1].name, "fold-2");
  EXPECT_EQ(twelve[11].name, "fold-12");
}

TEST(Folds, ANameThatIsNoFolderIsReplaced) {
  Corpus c = corpus();
  for (Utterance& u : c.utterances)
    if (u.speaker == "bert") u.speaker = "a/b";
  std::set<std::string> names;
  for (const Fold& f : plan_folds(c, {.by = GroupBy::speaker, .count = 0})) names.insert(f.name);
  EXPECT_EQ(names, (std::set<std::string>{"fold-1", "anna", "carl"}));
}

TEST(Folds, ACorpusThatCannotBeDividedIsRefused) {
  Corpus c = corpus();
  EXPECT_FAULT(plan_folds(c, {.by = GroupBy::speaker, .count = 5}), Fault::data,
               "here: has 3 speakers, expected at least 5 for as many folds");
  c.utterances[3].text = "";
  EXPECT_FAULT(plan_folds(c, {.by = GroupBy::sentence, .count = 5}), Fault::data,
               "here/manifest.tsv:5: anna3 has no text, which sentences are told by; group by speaker or utterance "
               "instead");
  // Without texts the validation part is made of utterances.
  EXPECT_EQ(plan_folds(c, {.by = GroupBy::utterance, .count = 5}).size(), 5u);
  for (Utterance& u : c.utterances) {
    u.speaker = "only";
    u.text = "one";
  }
  EXPECT_FAULT(plan_folds(c, {.by = GroupBy::speaker, .count = 0}), Fault::data,
               "here: has 1 speaker, expected at least 2 for as many folds");
  c.utterances[0].speaker = "other";
  EXPECT_FAULT(plan_folds(c, {.by = GroupBy::speaker, .count = 0}), Fault::data,
               "here: without fold only it has no sentence for the split train, expected at least two");
}

class Resplit : public testing::Test {
 protected:
  Resplit() {
    std::filesystem::create_directories(folder_ / "c");
    folder_.write("c/corpus.toml",
                  "name = \"c\"\nsample_rate = 16000\narticulation_rate_hz = 100.0\nchannels = [{name = \"x\", unit = "
                  "\"mm\"}]\n");
    folder_.write("c/manifest.tsv",
                  "id\tspeaker\tsplit\taudio\tarticulation\ttext\tfeatures\temotion\n"
                  "u1\ta\ttrain\taudio/1.wav\t/else/1.npy\thi\tf/1.npy\tsad\n"
                  "u2\ta\ttest\t../2.wav\tart/2.npy\tho\t\t\n");
  }
  test::TempFolder folder_;
};

TEST_F(Resplit, KeepsAllButTheSplitsAndMakesPathsAbsolute) {
  write_with_splits(read_corpus(folder_ / "c"), {"val", "train"}, folder_ / "new/deep");
  const std::string root = folder_.path();
  EXPECT_EQ(read_file(folder_ / "new/deep/manifest.tsv"),
            "id\tspeaker\tsplit\taudio\tarticulation\ttext\tfeatures\temotion\n"
            "u1\ta\tval\t" +
                root + "/c/audio/1.wav\t/else/1.npy\thi\t" + root + "/c/f/1.npy\tsad\n" + "u2\ta\ttrain\t" + root +
                "/2.wav\t" + root + "/c/art/2.npy\tho\t\t\n");
  EXPECT_EQ(read_file(folder_ / "new/deep/corpus.toml"), read_file(folder_ / "c/corpus.toml"));
  EXPECT_EQ(read_corpus(folder_ / "new/deep").utterances[0].split, "val");
}

TEST_F(Resplit, WritesOverNothing) {
  const Corpus c = read_corpus(folder_ / "c");
  write_with_splits(c, {"val", "train"}, folder_ / "new");
  write_with_splits(c, {"val", "train"}, folder_ / "new");  // the same: nothing to do
  const std::string refused =
      "/new: exists and is not this division of the corpus, expected a folder that is empty or does not exist; choose "
      "another folder or remove it";
  EXPECT_FAULT(write_with_splits(c, {"test", "train"}, folder_ / "new"), Fault::io, folder_.path() + refused);
  EXPECT_EQ(read_corpus(folder_ / "new").utterances[0].split, "val");
  std::filesystem::create_directories(folder_ / "own");
  folder_.write("own/notes.txt", "mine");
  EXPECT_THROW(write_with_splits(c, {"test", "train"}, folder_ / "own"), Error);
  EXPECT_EQ(read_file(folder_ / "own/notes.txt"), "mine");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "own/corpus.toml"));
}

}  // namespace
}  // namespace cutract
