#include "host/corpus/corpus.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "host/core/error.h"
#include "tests/corpus/corpus_folder.h"
#include "tests/support/support.h"

namespace cutract {
namespace {

using test::CorpusFolder;

std::string all_of(const std::string& text, const std::string& from, const std::string& to) {
  std::string out = text;
  for (std::size_t at = 0; (at = out.find(from, at)) != std::string::npos; at += to.size())
    out.replace(at, from.size(), to);
  return out;
}

TEST(Corpus, IsRead) {
  const CorpusFolder folder;
  const Corpus c = read_corpus(folder.path());
  EXPECT_EQ(c.dir, folder.path());
  EXPECT_EQ(c.name, "tiny");
  EXPECT_EQ(c.provenance, "made by a test");
  EXPECT_EQ(c.licence, "CC0-1.0");
  EXPECT_EQ(c.sample_rate, 8000);
  EXPECT_EQ(c.articulation_rate_hz, 100);
  ASSERT_EQ(c.channels.size(), 2u);
  EXPECT_EQ(c.channels[1].name, "tt_z");
  EXPECT_EQ(c.channels[1].unit, "mm");
  ASSERT_EQ(c.utterances.size(), 3u);
  const Utterance& u = c.utterances[1];
  EXPECT_EQ(u.id, "b");
  EXPECT_EQ(u.speaker, "s1");
  EXPECT_EQ(u.split, "val");
  EXPECT_EQ(u.audio, "audio/b.wav");
  EXPECT_EQ(u.articulation, "art/b.npy");
  EXPECT_EQ(u.start_s, 0);
  EXPECT_EQ(u.end_s, -1);
  EXPECT_EQ(u.line, 3);
  EXPECT_EQ(c.hash.size(), 64u);
}

TEST(Corpus, OptionalColumnsInAnyOrder) {
  const CorpusFolder folder;
  folder.write("manifest.tsv",
               "text\tend_s\tsplit\tfeatures\taudio\tarticulation\tspeaker\tstart_s\tid\n"
               "what it says\t1.5\ttrain\tf/a.npy\ta.wav\ta.npy\ts\t0.25\ta\n"
               "\t\ttrain\t\ta.wav\ta.npy\ts\t\tb\n");
  const Corpus c = read_corpus(folder.path());
  EXPECT_EQ(c.utterances[0].text, "what it says");
  EXPECT_EQ(c.utterances[0].start_s, 0.25);
  EXPECT_EQ(c.utterances[0].end_s, 1.5);
  EXPECT_EQ(c.utterances[0].features, "f/a.npy");
  EXPECT_EQ(c.utterances[1].id, "b");
  EXPECT_EQ(c.utterances[1].start_s, 0);
  EXPECT_EQ(c.utterances[1].end_s, -1);
}

// The manifest of an editor that writes spaces for tabs has one mistake, not one for each column.
TEST(Corpus, OtherSeparatorsThanTabsAreNamed) {
  const CorpusFolder folder;
  const std::pair<const char*, const char*> separators[] = {
      {" ", "spaces"}, {"   ", "spaces"}, {",", "commas"}, {";", "semicolons"}};
  for (const auto& [separator, name] : separators) {
    folder.write("manifest.tsv",
                 all_of("id\tspeaker\tsplit\taudio\tarticulation\na\ts\ttrain\ta.wav\ta.npy\n", "\t", separator));
    EXPECT_STREQ(test::thrown_by([&] { read_corpus(folder.path()); }).what(),
                 ((folder / "manifest.tsv:1: its columns are separated by ") + name + ", expected tabs").c_str());
  }
}

// Columns with unknown names are kept, even if a name is similar to that of an existing column.
TEST(Corpus, OtherColumnsAreKept) {
  const CorpusFolder folder;
  folder.write("manifest.tsv",
               "id\tspeaker\tsex\tsplit\taudio\tarticulation\tspeakers\tdialect of the speaker\n"
               "a\ts\tf\ttrain\ta.wav\ta.npy\tno\t\n");
  const Corpus c = read_corpus(folder.path());
  EXPECT_EQ(c.utterances[0].speaker, "s");
  EXPECT_EQ(c.utterances[0].extra,
            (std::vector<std::pair<std::string, std::string>>{{"sex", "f"}, {"speakers", "no"}}));
  const std::string required = "id\tspeaker\tsplit\taudio\tarticulation\t";
  for (const char* own : {"sex", "emotion", "session", "dialect", "age", "date", "notes", "take", "L1", "condition"}) {
    folder.write("manifest.tsv", required + own + "\na\ts\ttrain\tx.wav\tx.npy\t1\n");
    EXPECT_EQ(read_corpus(folder.path()).utterances[0].extra.size(), 1u) << own;
  }
  const std::pair<const char*, const char*> wrong[] = {
      {"Text", "text"}, {"texts", "text"},      {"start", "start_s"},    {"END_S", "end_s"},
      {"end", "end_s"}, {"strat_s", "start_s"}, {"feature", "features"}, {"ends_s", "end_s"}};
  for (const auto& [name, meant] : wrong) {
    folder.write("manifest.tsv", required + name + "\na\ts\ttrain\tx.wav\tx.npy\t1\n");
    EXPECT_FAULT(read_corpus(folder.path()), Fault::data,
                 ":1: unknown column \"" + std::string(name) + "\" (did you mean \"" + meant + "\"?)");
  }
}

TEST(Corpus, HugeAndEndlessTablesAreRefusedShortly) {
  const CorpusFolder folder;
  std::string columns = "id\tspeaker\tsplit\taudio\tarticulation", rows = CorpusFolder::kHeader;
  for (int i = 0; i < 300000; ++i) columns += "\tc" + std::to_string(i);
  folder.write("manifest.tsv", columns + "\n");
  EXPECT_FAULT(read_corpus(folder.path()), Fault::data, ":1: has 300005 columns, expected at most 256");
  folder.write("manifest.tsv", rows + "a\t" + std::string(1 << 20, 'x') + "\ttrain\tx\tx\n");
  EXPECT_FAULT(read_corpus(folder.path()), Fault::data, "xxx...\" has 1048576 bytes, expected at most 65536");
  for (int i = 0; i < 1000; ++i) rows += "short\n";
  folder.write("manifest.tsv", rows);
  const std::string said = test::thrown_by([&] { read_corpus(folder.path()); }).what();
  EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 20);
  EXPECT_TRUE(said.ends_with("\nand 980 more")) << said;
  folder.write("corpus.toml", std::string(1 << 20, 'k') + " = 1\n");
  EXPECT_LT(std::string(test::thrown_by([&] { read_corpus(folder.path()); }).what()).size(), 10000u);
}

// Of the two usual encodings on Windows, one is read and the other is refused by name.
TEST(Corpus, OtherEncodingsAreNamedOnce) {
  const CorpusFolder folder;
  const std::string toml = CorpusFolder::kToml, rows = std::string(CorpusFolder::kHeader) + "a\ts\ttrain\tx\tx\n";
  const auto utf16 = [](const std::string& text, bool big, bool mark) {
    std::string out = mark ? (big ? "\xFE\xFF" : "\xFF\xFE") : "";
    for (const char c : text) out += big ? std::string{'\0', c} : std::string{c, '\0'};
    return out;
  };
  for (const bool big : {false, true})
    for (const bool mark : {false, true}) {
      const std::string manifest = folder.write("manifest.tsv", utf16(rows, big, mark));
      EXPECT_EQ(std::string(test::thrown_by([&] { read_corpus(folder.path()); }).what()),
                manifest + ": is UTF-16; save it as UTF-8");
      folder.write("manifest.tsv", "\xEF\xBB\xBF" + rows);
      const std::string path = folder.write("corpus.toml", utf16(toml, big, mark));
      EXPECT_EQ(std::string(test::thrown_by([&] { read_corpus(folder.path()); }).what()),
                path + ": is UTF-16; save it as UTF-8");
      folder.write("corpus.toml", "\xEF\xBB\xBF" + toml);
      EXPECT_EQ(read_corpus(folder.path()).utterances.size(), 1u);
    }
}

TEST(Corpus, LineEndsAndMarksOfOtherSystemsPass) {
  const CorpusFolder folder;
  const std::string toml = CorpusFolder::kToml,
                    rows = std::string(CorpusFolder::kHeader) + "a\ts\ttrain\tx.wav\tx.npy\n";
  folder.write("corpus.toml", all_of(toml, "\n", "\r\n"));
  folder.write("manifest.tsv", "\xEF\xBB\xBF" + all_of(rows, "\n", "\r\n") + "\r\n\n");
  const Corpus c = read_corpus(folder.path());
  ASSERT_EQ(c.utterances.size(), 1u);
  EXPECT_EQ(c.utterances[0].articulation, "x.npy");
  folder.write("manifest.tsv", rows.substr(0, rows.size() - 1));  // no line end at the end
  EXPECT_EQ(read_corpus(folder.path()).utterances[0].articulation, "x.npy");
}

TEST(Corpus, Splits) {
  const CorpusFolder folder;
  const Corpus c = read_corpus(folder.path());
  EXPECT_EQ(c.splits(), (std::set<std::string>{"test", "train", "val"}));
  ASSERT_EQ(c.split("val").size(), 1u);
  EXPECT_EQ(c.split("val")[0], &c.utterances[1]);
  EXPECT_FAULT(c.split("dev"), Fault::data,
               folder.path() + "/manifest.tsv: no utterance is in split \"dev\"; the splits are: test, train, val");
}

TEST(Corpus, HashFollowsBothFiles) {
  const CorpusFolder folder;
  const std::string first = read_corpus(folder.path()).hash;
  EXPECT_EQ(read_corpus(folder.path()).hash, first);
  folder.write("corpus.toml", std::string(CorpusFolder::kToml) + "# remark\n");
  const std::string second = read_corpus(folder.path()).hash;
  EXPECT_NE(second, first);
  folder.manifest("a\ts1\ttrain\taudio/a.wav\tart/a.npy\n");
  EXPECT_NE(read_corpus(folder.path()).hash, second);
}

// `text` in place of manifest.tsv or corpus.toml must be refused in these words, where % is the path of the file.
void expect_refused(const char* file, const std::string& text, const std::string& words) {
  const CorpusFolder folder;
  const std::string path = folder.write(file, text);
  const Error e = test::thrown_by([&] { read_corpus(folder.path()); });
  EXPECT_EQ(e.fault(), Fault::data) << e.what();
  EXPECT_EQ(std::string(e.what()), all_of(words, "%", path));
}

TEST(Corpus, BadManifestsAreRefusedEachForItsOwnReason) {
  const std::string header = CorpusFolder::kHeader, good = "a\ts\ttrain\tx.wav\tx.npy\n";
  const std::string timed = "id\tspeaker\tsplit\taudio\tarticulation\tstart_s\tend_s\n",
                    row = "a\ts\ttrain\tx.wav\tx.npy\t";
  const struct {
    std::string text, words;
  } cases[] = {
      {"", "%:1: expected a header line of column names"},
      {"\n\n", "%:1: expected a header line of column names"},
      {header, "%:1: lists no utterances"},
      {"id\tspeker\tsplit\taudio\tarticulation\n" + good,
       "%:1: unknown column \"speker\" (did you mean \"speaker\"?)\n%:1: column \"speaker\" is missing"},
      {"id\tspeaker\tsplit\taudio\tarticulation\tstart\n" + good,
       "%:1: unknown column \"start\" (did you mean \"start_s\"?)\n%:2: has 5 fields, expected 6 as in the header "
       "line"},
      {"id\tspeaker\tsplit\taudio\tartikulation\n" + good,
       "%:1: unknown column \"artikulation\" (did you mean \"articulation\"?)\n%:1: column \"articulation\" is "
       "missing"},
      {"id\tspeaker\tsplit\taudio\tarticulation\t\n", "%:1: column 6 has no name"},
      {"id\tid\tspeaker\tsplit\taudio\tarticulation\n", "%:1: duplicate column \"id\""},
      {"id\n",
       "%:1: column \"speaker\" is missing\n%:1: column \"split\" is missing\n%:1: column \"audio\" is missing\n"
       "%:1: column \"articulation\" is missing"},
      {header + "a\ts\ttrain\tx.wav\n", "%:2: has 4 fields, expected 5 as in the header line"},
      {header + good + "\nb s train x.wav x.npy\n", "%:4: has 1 field, expected 5 as in the header line"},
      {header + "a\ts\ttrain\tx.wav\tx.npy\tmore\n", "%:2: has 6 fields, expected 5 as in the header line"},
      {header + "\ts\ttrain\tx.wav\tx.npy\n", "%:2: id is empty"},
      {header + "a\t\t\tx.wav\t\n", "%:2: speaker is empty\n%:2: split is empty\n%:2: articulation is empty"},
      {header + good + good, "%:3: id \"a\" is already on line 2"},
      {header + good + "a\ts\ttest\tx.wav\tx.npy\n", "%:3: id \"a\" is in two splits: \"train\" (line 2) and \"test\""},
      {header + "a/b\ts\ttrain\tx.wav\tx.npy\n",
       "%:2: id \"a/b\" cannot name a file; leave out / and control characters"},
      {header + "..\ts\ttrain\tx.wav\tx.npy\n",
       "%:2: id \"..\" cannot name a file; leave out / and control characters"},
      {header + std::string("a\0b\ts\ttrain\tx.wav\tx.npy\n", 24), "%:2: holds a zero byte; expected text"},
      {timed + row + "x\t\n", "%:2: start_s is \"x\", expected seconds >= 0"},
      {timed + row + "-1\t2\n", "%:2: start_s is \"-1\", expected seconds >= 0"},
      {timed + row + "1s\t2\n", "%:2: start_s is \"1s\", expected seconds >= 0"},
      {timed + row + "nan\tinf\n",
       "%:2: start_s is \"nan\", expected seconds >= 0\n%:2: end_s is \"inf\", expected seconds >= 0"},
      {timed + row + "2\t1\n", "%:2: end_s is 1, expected more than start_s, which is 2"},
      {timed + row + "2\t2\n", "%:2: end_s is 2, expected more than start_s, which is 2"},
  };
  for (const auto& c : cases) expect_refused("manifest.tsv", c.text, c.words);
}

TEST(Corpus, BadTomlIsRefusedEachForItsOwnReason) {
  const auto with = [](const char* from, const char* to) { return all_of(CorpusFolder::kToml, from, to); };
  const struct {
    std::string text, words;
  } cases[] = {
      {with("name = \"tiny\"", "nmae = \"tiny\""),
       "%:1: key \"name\" is missing\n%:1: unknown key \"nmae\" (did you mean \"name\"?)"},
      {with("name = \"tiny\"", "name = 3"), "%:1: name: expected a string"},
      {with("name = \"tiny\"", "name = \"\""), "%:1: name: is empty"},
      {with("licence", "colour_of_it"),
       "%:3: unknown key \"colour_of_it\", expected some of name, provenance, licence, "
       "sample_rate, articulation_rate_hz, features_rate_hz, features_first_s, channels"},
      {with("8000", "\"8000\""), "%:4: sample_rate: expected an integer"},
      {with("8000", "8000.5"), "%:4: sample_rate: expected an integer"},
      {with("8000", "999"), "%:4: sample_rate = 999 is outside [1000, 384000] (Hz)"},
      {with("sample_rate = 8000\n", ""), "%:1: key \"sample_rate\" is missing"},
      {with("100.0", "0"), "%:5: articulation_rate_hz = 0 is outside [1, 100000] (Hz)"},
      {with("100.0", "nan"), "%:5: articulation_rate_hz = nan is outside [1, 100000] (Hz)"},
      {with("100.0", "true"), "%:5: articulation_rate_hz: expected a number"},
      {with("tt_z", "tt_x"), "%:8: duplicate channel \"tt_x\""},
      {with("{ name = \"tt_z\", unit = \"mm\" }", "{ name = \"tt_z\" }"), "%:8: key \"unit\" is missing"},
      {with("{ name = \"tt_z\", unit = \"mm\" }", "{ name = \"tt_z\", units = \"mm\" }"),
       "%:8: key \"unit\" is missing\n%:8: unknown key \"units\" (did you mean \"unit\"?)"},
      {with("{ name = \"tt_z\", unit = \"mm\" }", "\"tt_z\""),
       "%:8: channels: expected { name = \"...\", unit = \"...\" }"},
      {"name = \"x\"\nsample_rate = 8000\narticulation_rate_hz = 1\nchannels = []\n",
       "%:4: channels: expected a list of { name, unit }"},
      {"name = \"x\"\nsample_rate = 8000\narticulation_rate_hz = 1\nchannels = 3\n",
       "%:4: channels: expected a list of { name, unit }"},
      {"name = \"x\"\nsample_rate = 8000\narticulation_rate_hz = 1\n", "%:1: key \"channels\" is missing"},
  };
  for (const auto& c : cases) expect_refused("corpus.toml", c.text, c.words);
  // A syntax error is reported in the parser's words.
  const CorpusFolder folder;
  const std::string path = folder.write("corpus.toml", "name = \"x\"\nsample_rate = = 2\n");
  EXPECT_FAULT(read_corpus(folder.path()), Fault::data, path + ":2: ");
}

TEST(Corpus, AllProblemsOfBothFilesInOnePass) {
  const CorpusFolder folder;
  const std::string toml = folder.write("corpus.toml", all_of(CorpusFolder::kToml, "8000", "1"));
  const std::string header = CorpusFolder::kHeader;
  const std::string tsv =
      folder.write("manifest.tsv", header + "a\ts\ttrain\tx\tx\na\ts\ttest\tx\tx\nb\ts\n\ts\ttrain\tx\tx\n");
  const Error e = test::thrown_by([&] { read_corpus(folder.path()); });
  EXPECT_EQ(std::string(e.what()), toml + ":4: sample_rate = 1 is outside [1000, 384000] (Hz)\n" + tsv +
                                       ":4: has 2 fields, expected 5 as in the header line\n" + tsv +
                                       ":3: id \"a\" is in two splits: \"train\" (line 2) and \"test\"\n" + tsv +
                                       ":5: id is empty");
}

TEST(Corpus, MissingFilesAreInputOutputErrors) {
  const CorpusFolder folder;
  std::filesystem::remove(folder / "manifest.tsv");
  EXPECT_FAULT(read_corpus(folder.path()), Fault::io, (folder / "manifest.tsv") + ": cannot read: No such file");
  EXPECT_FAULT(read_corpus(folder / "nowhere"), Fault::io,
               (folder / "nowhere/corpus.toml") + ": cannot read: No such file");
}

// Users write the text files: any content is either read or refused by an Error that names the file.
TEST(Corpus, DamagedTextNeverConfuses) {
  const CorpusFolder folder;
  const std::string toml = CorpusFolder::kToml,
                    rows = std::string(CorpusFolder::kHeader) + "a\ts\ttrain\tx.wav\tx.npy\n";
  test::Rng rng(3);
  for (int i = 0; i < 400; ++i) {
    std::string bad = i % 2 ? toml : rows;
    bad[static_cast<std::size_t>(rng.below(static_cast<int>(bad.size())))] = static_cast<char>(rng.below(256));
    folder.write("corpus.toml", i % 2 ? bad : toml);
    folder.write("manifest.tsv", i % 2 ? rows : bad);
    try {
      read_corpus(folder.path());
    } catch (const Error& e) {
      EXPECT_EQ(e.fault(), Fault::data);
      EXPECT_TRUE(std::string(e.what()).starts_with(folder.path() + "/")) << e.what();
    }
  }
}

}  // namespace
}  // namespace cutract
