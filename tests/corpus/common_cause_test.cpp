// One mistake that makes every utterance useless is reported once.
#include "host/corpus/common_cause.h"

#include <gtest/gtest.h>

#include "tests/corpus/corpus_folder.h"

namespace cutract {
namespace {

using test::CorpusFolder;

std::string cause_of(const CorpusFolder& folder) {
  const Corpus corpus = read_corpus(folder.path());
  std::vector<const Utterance*> all;
  for (const Utterance& u : corpus.utterances) all.push_back(&u);
  return common_cause(corpus, all);
}

std::string toml(const std::string& from, const std::string& to) {
  std::string text = CorpusFolder::kToml;
  return text.replace(text.find(from), from.size(), to);
}

TEST(CommonCause, WrongValuesInCorpusToml) {
  const CorpusFolder folder;
  const std::string where = folder / "corpus.toml: ";
  EXPECT_EQ(cause_of(folder), "");
  folder.write("corpus.toml", toml("sample_rate = 8000", "sample_rate = 16000"));
  EXPECT_EQ(cause_of(folder),
            where + "sample_rate is 16000, but all 3 audio files have 8000 Hz; set sample_rate = 8000");
  folder.write("corpus.toml", toml("_hz = 100.0", "_hz = 200"));
  EXPECT_EQ(cause_of(folder),
            where +
                "articulation_rate_hz is 200, but all 3 arrays last as long as their audio at 100 Hz; "
                "set articulation_rate_hz = 100");
  folder.write("corpus.toml", toml("  { name = \"tt_x\", unit = \"mm\" },\n", ""));
  EXPECT_EQ(cause_of(folder),
            where + "channels lists 1, but all 3 arrays have 2 columns; list one channel for each column");
}

TEST(CommonCause, TransposedArrays) {
  const CorpusFolder folder;
  for (const char* id : {"a", "b", "c"}) folder.track(id, Matrix(2, 50));
  EXPECT_EQ(cause_of(folder), folder.path() +
                                  ": all 3 arrays have 2 rows, as many as there are channels, expected one row "
                                  "for each frame; they are transposed, so save x.T");
}

// Where utterances differ, each has a cause of its own.
TEST(CommonCause, DifferentCausesAreNotOne) {
  const CorpusFolder folder;
  folder.audio("a", 16000, 8000);
  folder.write("corpus.toml", toml("sample_rate = 8000", "sample_rate = 22050"));
  EXPECT_EQ(cause_of(folder), "");
  folder.write("audio/b.wav", "not audio");
  EXPECT_EQ(cause_of(folder), "");
}

}  // namespace
}  // namespace cutract
