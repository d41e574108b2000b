#include <gtest/gtest.h>

#include <cmath>
#include <sstream>

#include "host/io/atomic_file.h"
#include "host/io/audio.h"
#include "host/io/npy.h"
#include "tests/cli/process.h"
#include "tests/support/support.h"
#include "tests/support/tiny_corpus.h"

namespace cutract {
namespace {

using test::Finished;
using test::TempFolder;
using test::TinyCorpus;

// The block of docs/add-a-corpus.md that follows the line naming it, without indentation.
std::string documented(const std::string& name) {
  std::istringstream doc(read_file(test::source_file("docs/add-a-corpus.md")));
  std::string line, out;
  while (std::getline(doc, line) && line != "<!-- example: " + name + " -->") {}
  while (std::getline(doc, line) && line.starts_with("    ")) out += line.substr(4) + "\n";
  return out;
}

TEST(CorpusCommand, TheDocumentedExampleIsACorpus) {
  const TempFolder folder;
  folder.write("my-lab/corpus.toml", documented("corpus.toml"));
  folder.write("my-lab/manifest.tsv", documented("manifest.tsv"));
  folder.write("my-lab/audio/.keep", "");
  for (const std::string id : {"s1_001", "s1_002", "s1_003"}) {
    Audio audio{16000, {}};
    const double hz = id == "s1_001" ? 200 : id == "s1_002" ? 300 : 250;
    for (int i = 0; i < 8000; ++i) audio.samples.push_back(0.3F * static_cast<float>(std::sin(6.28 * hz * i / 16000)));
    write_audio(folder / ("my-lab/audio/" + id + ".wav"), audio);
    Matrix track(100, 2);
    for (Index t = 0; t < 100; ++t) {
      track.row(t)[0] = 5 * static_cast<float>(std::sin(hz * static_cast<double>(t) / 2000));
      track.row(t)[1] = 5 * static_cast<float>(std::cos(hz * static_cast<double>(t) / 3000));
    }
    folder.write("my-lab/articulation/" + id + ".npy", encode_npy(track.view()));
  }
  const Finished check = test::cutract({"corpus", "check", "my-lab"}, folder.path());
  EXPECT_EQ(check.code, 0) << check.out << check.err;
  EXPECT_TRUE(check.out.ends_with("my-lab: 3 utterances (test 1, train 1, val 1): all OK\n")) << check.out;
  const Finished stats = test::cutract({"corpus", "stats", "my-lab"}, folder.path());
  EXPECT_TRUE(stats.out.starts_with("my-lab: 3 utterances, 1.5 s, 16000 Hz, 2 channels at 200 Hz\n")) << stats.out;

  // The commands that follow it on the page; one epoch is enough here.
  const std::vector<std::vector<std::string>> commands{
      {"train", "--set", "data.corpus=my-lab", "--fast-dev-run"},
      {"train", "--set", "data.corpus=my-lab", "--out", "runs/my-lab", "--set", "trainer.max_epochs=1"},
      {"eval", "runs/my-lab"},
      {"predict", "runs/my-lab", "my-lab/audio/s1_003.wav", "--speaker", "s1", "--out", "-"}};
  for (const auto& command : commands) {
    const Finished f = test::cutract(command, folder.path());
    EXPECT_EQ(f.code, 0) << command[0] << ": " << f.err;
  }
}

class CheckedCorpus : public testing::Test {
 protected:
  Finished check() const { return test::cutract({"corpus", "check", corpus_.dir}, corpus_.folder.path()); }
  std::string manifest() const { return read_file(corpus_.dir + "/manifest.tsv"); }
  void write(const std::string& text) const { corpus_.folder.write("corpus/manifest.tsv", text); }
  // The manifest with one more column, filled by `value` of the id.
  void add_columns(const std::string& names, const std::function<std::string(const std::string&)>& value) const {
    std::istringstream in(manifest());
    std::string line, out;
    std::getline(in, line);
    out = line + "\t" + names + "\n";
    while (std::getline(in, line)) out += line + "\t" + value(line.substr(0, 2)) + "\n";
    write(out);
  }
  TinyCorpus corpus_;
};

// check refuses everything that training refuses.
TEST_F(CheckedCorpus, RefusesWhatTrainingRefuses) {
  add_columns("features", [](const std::string& id) { return id == "u3" ? "ssl.npy" : ""; });
  Finished f = check();
  EXPECT_EQ(f.code, 4) << f.out;
  EXPECT_NE(f.out.find("corpus.toml: has no features_rate_hz"), std::string::npos) << f.out;
  EXPECT_NE(f.err.find("1 of 10 utterances cannot be used"), std::string::npos) << f.err;
}

// A wrong corpus.toml is reported once, by check and by training, and not once for each utterance.
TEST_F(CheckedCorpus, AWrongTomlIsReportedAtItsCause) {
  std::string toml = read_file(corpus_.dir + "/corpus.toml");
  const std::string key = "sample_rate = ";
  const auto at = toml.find(key) + key.size();
  const std::string rate = toml.substr(at, toml.find('\n', at) - at);
  corpus_.folder.write("corpus/corpus.toml", toml.replace(at, rate.size(), "44100"));
  const auto sentence = [&](const char* n) {
    return "error: " + corpus_.dir + "/corpus.toml: sample_rate is 44100, but all " + n + " audio files have " + rate +
           " Hz; set sample_rate = " + rate + "\n";
  };
  const Finished f = check();
  EXPECT_EQ(f.code, 4);
  EXPECT_EQ(f.out, "");
  EXPECT_EQ(f.err, sentence("10"));
  const Finished trained =
      test::cutract({"train", "--set", "data.corpus=corpus", "--fast-dev-run"}, corpus_.folder.path());
  EXPECT_EQ(trained.code, 4);
  std::string relative = sentence("6");
  relative.erase(7, corpus_.dir.size() - 6);
  EXPECT_TRUE(trained.err.ends_with(relative)) << trained.err << relative;
}

TEST_F(CheckedCorpus, RefusesPartsWithoutASample) {
  add_columns("start_s\tend_s", [](const std::string& id) { return id == "u3" ? "0.1\t0.10001" : "\t"; });
  const Finished f = check();
  EXPECT_EQ(f.code, 4) << f.out << f.err;
  EXPECT_NE(f.out.find("u3: "), std::string::npos) << f.out;
}

TEST_F(CheckedCorpus, RefusesMissingSplits) {
  std::string text = manifest();
  for (std::size_t at = 0; (at = text.find("\tval\t")) != std::string::npos;) text.replace(at, 5, "\ttrain\t");
  write(text);
  const Finished f = check();
  EXPECT_EQ(f.code, 4) << f.out;
  EXPECT_NE(f.out.find(
                "no utterance is in split \"val\", which training needs (data.val_split); the splits are: test, train"),
            std::string::npos)
      << f.out;
}

TEST_F(CheckedCorpus, RefusesCopiesInTwoSplits) {
  const std::string before = manifest();
  write(before + "copy\ta\ttrain\taudio/u9.wav\tarticulation/u9.npy\n");
  Finished f = check();
  EXPECT_EQ(f.code, 4) << f.out << f.err;
  EXPECT_NE(f.err.find("one recording is in two splits"), std::string::npos) << f.err;
  EXPECT_NE(f.out.find("error: the same audio in two splits, so that test data are learned:\n  u9 (test) and copy "),
            std::string::npos)
      << f.out;
  write(before + "copy\ta\ttest\taudio/u9.wav\tarticulation/u9.npy\n");
  f = check();
  EXPECT_EQ(f.code, 0) << f.out << f.err;
  EXPECT_NE(f.out.find("warning: the same audio under two ids:\n  u9 (test) and copy "), std::string::npos) << f.out;
}

// Names from files cannot send control sequences to the terminal.
TEST_F(CheckedCorpus, NamesAreMadePrintable) {
  std::string text = manifest();
  for (std::size_t at = 0; (at = text.find("\ta\t", at)) != std::string::npos;) text.replace(at, 3, "\t\x1b[31ma\t");
  write(text + "bad\x1b[0m\tx\ttrain\tno\x1b[1m.wav\tarticulation/u9.npy\n");
  for (const char* command : {"stats", "check"}) {
    const Finished f = test::cutract({"corpus", command, corpus_.dir}, corpus_.folder.path());
    EXPECT_EQ((f.out + f.err).find('\x1b'), std::string::npos) << f.out << f.err;
    EXPECT_NE((f.out + f.err).find("\\x1b["), std::string::npos) << f.out << f.err;
  }
}

}  // namespace
}  // namespace cutract
