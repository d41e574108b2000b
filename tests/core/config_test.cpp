#include <climits>

#include "host/core/fields.h"
#include "tests/support/support.h"

namespace cutract {
namespace {

struct Model {
  int hidden = 256, layers = 2;
  double dropout = 0.2;
  bool bidirectional = true;
};
struct Settings {
  std::int64_t seed = 17;
  std::string corpus = "data/corpus", kind = "mel";
  std::vector<std::string> splits{"train"};
  Model model;
  double lr = 1e-3;
};
void fields(FieldTable& v, Model& m) {
  v("hidden", m.hidden, in(1, 4096), "units per direction");
  v("layers", m.layers, in(1, 8), "stacked Bi-LSTM layers");
  v("dropout", m.dropout, in(0.0, 0.9), "between layers");
  v("bidirectional", m.bidirectional, "both directions of time");
}
void fields(FieldTable& v, Settings& s) {
  v("seed", s.seed, in<std::int64_t>(0, INT64_MAX), "of everything random");
  v("data.corpus", s.corpus, "folder");
  v("data.kind", s.kind, "of features", {"mel", "mfcc", "prosody"});
  v("data.splits", s.splits, "to read");
  v.section("model", s.model);
  v("optimizer.lr", s.lr, in(0.0, 1.0), "learning rate");
}

FieldTable table_of(Settings& s) {
  FieldTable table;
  fields(table, s);
  return table;
}
void parse(const std::string& text, const std::vector<std::string>& assignments, Settings& s) {
  parse_config(table_of(s), text, "train.toml", assignments);
}

// What is thrown for this file and these assignments; "" if nothing.
std::string mistakes(const std::string& text, const std::vector<std::string>& assignments = {}) {
  Settings s;
  try {
    parse(text, assignments, s);
  } catch (const Error& e) {
    EXPECT_EQ(e.fault(), Fault::config);
    return e.what();
  }
  return "";
}

// The file, and all that is said about it.
TEST(Config, EachMistakeIsNamedWithItsPlace) {
  const struct {
    const char *text, *said;
  } table[] = {
      {"model.hiden = 3", "train.toml:1:7: unknown key \"model.hiden\" (did you mean \"model.hidden\"?)"},
      {"[mdel]\nhidden = 3", "train.toml:1:2: unknown key \"mdel\" (did you mean \"model\"?)"},
      {"sed = 3", "train.toml:1:1: unknown key \"sed\" (did you mean \"seed\"?)"},
      {"\n\n  seeed = 3", "train.toml:3:3: unknown key \"seeed\" (did you mean \"seed\"?)"},
      {"zzzzzzzzzz = 1", "train.toml:1:1: unknown key \"zzzzzzzzzz\"; `cutract help config` lists them all"},
      {"[model]\nhidden = \"64\"", "train.toml:2:10: model.hidden: expected a whole number, got a string"},
      {"[model]\nhidden = 64.0", "train.toml:2:10: model.hidden: expected a whole number, got a number"},
      {"[model]\nhidden = true", "train.toml:2:10: model.hidden: expected a whole number, got true or false"},
      {"[model]\nhidden = [1]", "train.toml:2:10: model.hidden: expected a whole number, got a list"},
      {"[model]\nhidden = 2024-01-01", "train.toml:2:10: model.hidden: expected a whole number, got a date or time"},
      {"[model.hidden]\nx = 1", "train.toml:1:1: model.hidden: expected a whole number, got a table"},
      {"model = 3", "train.toml:1:1: model: expected a table, written [model], of single settings"},
      {"[[model]]\nhidden = 3", "train.toml:1:3: model: expected a table, written [model], of single settings"},
      {"[model]\nhidden = 0", "train.toml:2:10: model.hidden = 0 is outside [1, 4096] (units per direction)"},
      {"[model]\n\thidden = 4097", "train.toml:2:11: model.hidden = 4097 is outside [1, 4096] (units per direction)"},
      {"[model]\nhidden = 4294967360",  // 64 if cut to 32 bits
       "train.toml:2:10: model.hidden = 4294967360 is outside [1, 4096] (units per direction)"},
      {"[model]\ndropout = 0.95", "train.toml:2:11: model.dropout = 0.95 is outside [0, 0.9] (between layers)"},
      {"[model]\ndropout = -1", "train.toml:2:11: model.dropout = -1 is outside [0, 0.9] (between layers)"},
      {"[model]\nbidirectional = 1",
       "train.toml:2:17: model.bidirectional: expected true or false, got a whole number"},
      {"[optimizer]\nlr = true", "train.toml:2:6: optimizer.lr: expected a number, got true or false"},
      {"[optimizer]\nlr = nan", "train.toml:2:6: optimizer.lr = nan is outside [0, 1] (learning rate)"},
      {"[optimizer]\nlr = inf", "train.toml:2:6: optimizer.lr = inf is outside [0, 1] (learning rate)"},
      {"seed = -1", "train.toml:1:8: seed = -1 is not 0 or more (of everything random)"},
      {"data.corpus = 3", "train.toml:1:15: data.corpus: expected a string, got a whole number"},
      {"data.kind = 'mfc'",
       "train.toml:1:13: data.kind = \"mfc\" is none of mel, mfcc, prosody (did you mean \"mfcc\"?)"},
      {"data.kind = 'waveform'", "train.toml:1:13: data.kind = \"waveform\" is none of mel, mfcc, prosody"},
      {"data.splits = 'a'", "train.toml:1:15: data.splits: expected a list of strings, got a string"},
      {"data.splits = ['a', 1]", "train.toml:1:15: data.splits: expected a list of strings"},
  };
  for (const auto& [text, said] : table) EXPECT_EQ(mistakes(text), said) << text;
}

// Their words are toml++'s; ours is the place.
TEST(Config, WhatIsNoTomlIsNamedWithItsPlace) {
  const struct {
    const char *text, *place;
  } table[] = {
      {"seed = ", "train.toml:1:"},
      {"seed = 1\nseed = 2", "train.toml:2:"},
      {"seed = 1\n[model\nhidden = 1", "train.toml:2:"},
      {"seed = 99999999999999999999", "train.toml:1:"},
      {"\ndata.corpus = \"unclosed", "train.toml:2:"},
      {"data.corpus = \"\xff\xfe\"", "train.toml:1:"},
      {"just words", "train.toml:1:"},
  };
  for (const auto& [text, place] : table)
    EXPECT_EQ(mistakes(text).rfind(place, 0), 0u) << text << "\n" << mistakes(text);
}

TEST(Config, AllMistakesAreToldAtOnce) {
  EXPECT_EQ(mistakes("sed = 1\n[data]\nkind = 'm'\n[model]\nhidden = 0\nlayers = 'two'\n", {"model.dropout=2", "lr=3"}),
            "train.toml:3:8: data.kind = \"m\" is none of mel, mfcc, prosody\n"
            "train.toml:5:10: model.hidden = 0 is outside [1, 4096] (units per direction)\n"
            "train.toml:6:10: model.layers: expected a whole number, got a string\n"
            "train.toml:1:1: unknown key \"sed\" (did you mean \"seed\"?)\n"
            "--set model.dropout=2: model.dropout = 2 is outside [0, 0.9] (between layers)\n"
            "--set lr=3: unknown key \"lr\"; `cutract help config` lists them all");
}

TEST(Config, TakesWhatIsRight) {
  Settings s;
  parse(
      "seed = 3\ndata.corpus = 'x y'\ndata.splits = ['a', \"b\"]\n[model]\nhidden = 0x40\nbidirectional = false\n"
      "[optimizer]\nlr = 1 # whole numbers are numbers too\n",
      {}, s);
  EXPECT_EQ(s.seed, 3);
  EXPECT_EQ(s.corpus, "x y");
  EXPECT_EQ(s.splits, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(s.model.hidden, 64);
  EXPECT_FALSE(s.model.bidirectional);
  EXPECT_EQ(s.lr, 1.0);
  EXPECT_EQ(s.model.layers, 2);  // untouched
  parse("seed = 9223372036854775807", {}, s);
  EXPECT_EQ(s.seed, INT64_MAX);
  EXPECT_EQ(mistakes(""), "");
  EXPECT_EQ(mistakes("# nothing\r\n"), "");
}

TEST(Config, AssignmentsComeAfterTheFile) {
  Settings s;
  parse("[model]\nhidden = 10\n",
        {"model.hidden=20", "model.hidden=30", "data.corpus=/a b/c=d", "data.splits=[\"u\"]", "data.kind=\"mfcc\"",
         "model.bidirectional=false", "optimizer.lr=1e-4"},
        s);
  EXPECT_EQ(s.model.hidden, 30);
  EXPECT_EQ(s.corpus, "/a b/c=d");
  EXPECT_EQ(s.splits, std::vector<std::string>{"u"});
  EXPECT_EQ(s.kind, "mfcc");
  EXPECT_FALSE(s.model.bidirectional);
  EXPECT_EQ(s.lr, 1e-4);
  parse("", {"data.corpus="}, s);
  EXPECT_EQ(s.corpus, "");
}

TEST(Config, BadAssignmentsAreNamed) {
  const struct {
    const char *text, *said;
  } table[] = {
      {"model.hidden", "expected name=value, e.g. --set model.hidden=64"},
      {"=3", "expected name=value, e.g. --set model.hidden=64"},
      {"", "expected name=value, e.g. --set model.hidden=64"},
      {"model.hidden=", "expected a whole number"},
      {"model.hidden=many", "expected a whole number"},
      {"model.hidden=\"3\"", "model.hidden: expected a whole number, got a string"},
      {"model.hidden=3\nx=4", "expected one value; repeat --set for another setting"},
      {"model.bidirectional=no", "expected true or false"},
      {"mode.hidden=3", "unknown key \"mode.hidden\" (did you mean \"model.hidden\"?)"},
      {"model={hidden=3}", "model: expected a table, written [model], of single settings"},
      {"data.kind=mfc", "data.kind = \"mfc\" is none of mel, mfcc, prosody (did you mean \"mfcc\"?)"},
      {"data.splits=train", "expected a list of strings"},
      {"data.corpus=\"unclosed", "expected a string"},
  };
  for (const auto& [text, said] : table) EXPECT_EQ(mistakes("", {text}), std::string("--set ") + text + ": " + said);
}

TEST(Config, WhatIsWrittenReadsBackTheSame) {
  Settings s;
  s.seed = INT64_MAX;
  s.corpus = "it's \"quoted\"\\ with\ttabs\nlines, \x01, ünïcode and 日本 = # [x]";
  s.splits = {"", "'", "\"\"\"", "a, b"};
  s.model = {1, 8, 0.1 + 0.2, false};
  s.lr = 1e-300;
  const std::string text = write_config(table_of(s));
  Settings back;
  parse(text, {}, back);
  EXPECT_EQ(back.seed, s.seed);
  EXPECT_EQ(back.corpus, s.corpus);
  EXPECT_EQ(back.splits, s.splits);
  EXPECT_EQ(back.model.dropout, s.model.dropout);
  EXPECT_EQ(back.model.layers, 8);
  EXPECT_FALSE(back.model.bidirectional);
  EXPECT_EQ(back.lr, s.lr);
  EXPECT_EQ(write_config(table_of(back)), text);
  for (const double lr : {0.0, 1.0, 0.5, 1.0 / 3, 5e-324}) {
    s.lr = lr;
    parse(write_config(table_of(s)), {}, back);
    EXPECT_EQ(back.lr, lr);
  }
}

TEST(Config, DefaultsAreWrittenInSections) {
  Settings s;
  EXPECT_EQ(
      write_config(table_of(s)),
      "seed = 17\n\n[data]\ncorpus = \"data/corpus\"\nkind = \"mel\"\nsplits = [\"train\"]\n\n[model]\nhidden = 256\n"
      "layers = 2\ndropout = 0.2\nbidirectional = true\n\n[optimizer]\nlr = 0.001\n");
}

TEST(Config, HelpNamesEverySettingWithinTheColumns) {
  Settings s;
  s.splits.assign(12, "a split of the corpus");
  FieldTable table = table_of(s);
  std::string unused;
  table("long.help", unused,
        "words that go on and on about what the setting is good for until the line is full and fuller");
  for (const int columns : {60, 80, 100}) {
    const std::string help = help_config(table, columns);
    for (const auto& f : table.all()) EXPECT_NE(help.find("  " + f.name + " = "), std::string::npos) << f.name;
    EXPECT_NE(help.find("units per direction [1..4096]"), std::string::npos);
    EXPECT_NE(help.find("of features (mel, mfcc, prosody)"), std::string::npos);
    EXPECT_NE(help.find("of everything random [0..]"), std::string::npos);
    for (std::size_t at = 0; at < help.size(); at = help.find('\n', at) + 1)
      EXPECT_LE(static_cast<int>(help.find('\n', at) - at), columns) << help.substr(at, 200);
  }
}

TEST(Config, AFileThatCannotBeReadIsNamed) {
  Settings s;
  EXPECT_FAULT(read_config(table_of(s), "/no/such/run.toml", {}), Fault::io,
               "/no/such/run.toml: cannot read the config file; check the path given to -c");
  const test::TempFolder folder;
  EXPECT_FAULT(read_config(table_of(s), folder.path(), {}), Fault::io, folder.path() + ": cannot read");
  read_config(table_of(s), folder.write("a.toml", "seed = 4"), {});
  EXPECT_EQ(s.seed, 4);
  EXPECT_FAULT(read_config(table_of(s), folder.write("b.toml", "seed = 'x'"), {}), Fault::config,
               folder.path() + "/b.toml:1:8: seed: expected a whole number, got a string");
  read_config(table_of(s), folder.write("empty.toml", ""), {});
  EXPECT_EQ(s.seed, 4);
  read_config(table_of(s), folder.write("long.toml", std::string(9000, '#') + "\nseed = 6"), {});
  EXPECT_EQ(s.seed, 6);
  const std::vector<std::string> set{"seed=5"};
  read_config(table_of(s), "", set);
  EXPECT_EQ(s.seed, 5);
}

TEST(Config, DidYouMeanKnowsWhenToBeSilent) {
  const std::vector<std::string> known{"hidden", "layers", "dropout"};
  EXPECT_EQ(did_you_mean("hiden", known), "hidden");
  EXPECT_EQ(did_you_mean("hidden", known), "hidden");
  EXPECT_EQ(did_you_mean("layer", known), "layers");
  EXPECT_EQ(did_you_mean("drpout", known), "dropout");
  EXPECT_EQ(did_you_mean("batch", known), "");
  EXPECT_EQ(did_you_mean("", known), "");
  EXPECT_EQ(did_you_mean("x", {}), "");
}

}  // namespace
}  // namespace cutract
