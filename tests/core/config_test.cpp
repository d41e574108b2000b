#include <algorithm>
#include <climits>

#include "host/core/fields.h"
#include "host/core/text.h"
#include "tests/support/support.h"

namespace cutract {
namespace {

enum class Kind { mel, mfcc, prosody };

}  // namespace

template <>
inline constexpr auto kNames<Kind> =
    std::to_array<Named<Kind>>({{Kind::mel, "mel"}, {Kind::mfcc, "mfcc"}, {Kind::prosody, "prosody"}});

namespace {

struct Model {
  int hidden = 256, layers = 2;
  double dropout = 0.2;
  bool bidirectional = true;
};
struct Settings {
  std::int64_t seed = 17;
  std::string corpus = "data/corpus";
  Kind kind = Kind::mel;
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
  v("data.kind", s.kind, "of features");
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

// The text of the error for this file and these assignments; "" if there is none.
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

TEST(Choices, AreValuesAndTheirNames) {
  EXPECT_STREQ(name_of(Kind::prosody), "prosody");
  EXPECT_EQ(named<Kind>("mfcc"), Kind::mfcc);
  EXPECT_EQ(named<Kind>("MFCC"), std::nullopt);
  EXPECT_EQ(names_of<Kind>(), (std::vector<std::string>{"mel", "mfcc", "prosody"}));
  Kind kind = Kind::mfcc;
  const EnumMember member(kind);
  EXPECT_FALSE(member.set("waveform"));
  EXPECT_EQ(kind, Kind::mfcc) << "an unknown name must not change the value";
  EXPECT_TRUE(member.set("prosody"));
  EXPECT_STREQ(member.name(), "prosody");
}

// A file, and the whole message about it.
TEST(Config, EachMistakeIsNamedWithItsPlace) {
  const struct {
    const char *text, *said;
  } table[] = {
      {"model.hiden = 3", "train.toml:1:7: unknown key \"model.hiden\" (did you mean \"model.hidden\"?)"},
      {"[mdel]\nhidden = 3", "train.toml:1:2: unknown section \"mdel\" (did you mean \"model\"?)"},
      {"sed = 3", "train.toml:1:1: unknown key \"sed\" (did you mean \"seed\"?)"},
      {"\n\n  seeed = 3", "train.toml:3:3: unknown key \"seeed\" (did you mean \"seed\"?)"},
      {"zzzzzzzzzz = 1", "train.toml:1:1: unknown key \"zzzzzzzzzz\"; `cutract help config` lists them all"},
      {"[model]\nhidden = \"64\"",
       "train.toml:2:10: model.hidden: expected an integer, got the string \"64\"; remove the quotes"},
      {"[model]\nhidden = \"many\"", "train.toml:2:10: model.hidden: expected an integer, got the string \"many\""},
      {"[model]\nhidden = 1e2", "train.toml:2:10: model.hidden: expected an integer, got 100.0; write 100"},
      {"[model]\nhidden = 64.5", "train.toml:2:10: model.hidden: expected an integer, got 64.5"},
      {"[model]\nhidden = inf", "train.toml:2:10: model.hidden: expected an integer, got inf"},
      {"[model]\nhidden = true", "train.toml:2:10: model.hidden: expected an integer, got true"},
      {"[model]\nhidden = [1]", "train.toml:2:10: model.hidden: expected an integer, got a list"},
      {"[model]\nhidden = 2024-01-01", "train.toml:2:10: model.hidden: expected an integer, got a date or time"},
      {"[model.hidden]\nx = 1", "train.toml:1:1: model.hidden: expected an integer, got a table"},
      {"model = 3", "train.toml:1:1: model: expected a table of settings, written [model]"},
      {"[[model]]\nhidden = 3", "train.toml:1:3: model: expected a table of settings, written [model]"},
      {"[model]\nhidden = 0", "train.toml:2:10: model.hidden = 0 is outside [1, 4096] (units per direction)"},
      {"[model]\n\thidden = 4097", "train.toml:2:11: model.hidden = 4097 is outside [1, 4096] (units per direction)"},
      {"[model]\nhidden = 4294967360",  // 64 if cut to 32 bits
       "train.toml:2:10: model.hidden = 4294967360 is outside [1, 4096] (units per direction)"},
      {"[model]\ndropout = 0.95", "train.toml:2:11: model.dropout = 0.95 is outside [0, 0.9] (between layers)"},
      {"[model]\ndropout = -1", "train.toml:2:11: model.dropout = -1 is outside [0, 0.9] (between layers)"},
      {"[model]\nbidirectional = 1", "train.toml:2:17: model.bidirectional: expected true or false, got 1"},
      {"[optimizer]\nlr = true", "train.toml:2:6: optimizer.lr: expected a number, got true"},
      {"[optimizer]\nlr = nan", "train.toml:2:6: optimizer.lr = nan is outside [0, 1] (learning rate)"},
      {"[optimizer]\nlr = inf", "train.toml:2:6: optimizer.lr = inf is outside [0, 1] (learning rate)"},
      {"seed = -1", "train.toml:1:8: seed = -1 is less than 0 (of everything random)"},
      {"data.corpus = 3", "train.toml:1:15: data.corpus: expected a string, got 3"},
      {"data.kind = 'mfc'",
       "train.toml:1:13: data.kind = \"mfc\" is not one of mel, mfcc, prosody (did you mean \"mfcc\"?)"},
      {"data.kind = 'waveform'", "train.toml:1:13: data.kind = \"waveform\" is not one of mel, mfcc, prosody"},
      {"data.splits = 'a'", "train.toml:1:15: data.splits: expected a list of strings, got the string \"a\""},
      {"data.splits = ['a', 1]", "train.toml:1:15: data.splits: expected a list of strings, got 1 in it"},
  };
  for (const auto& [text, said] : table) EXPECT_EQ(mistakes(text), said) << text;
}

// The words are those of toml++; the position is ours.
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

TEST(Config, AllMistakesAreToldAtOnceInTheOrderOfTheFile) {
  EXPECT_EQ(mistakes("sed = 1\n[data]\nkind = 'm'\n[model]\nhidden = 0\nlayers = 'two'\n", {"model.dropout=2", "lr=3"}),
            "train.toml:1:1: unknown key \"sed\" (did you mean \"seed\"?)\n"
            "train.toml:3:8: data.kind = \"m\" is not one of mel, mfcc, prosody\n"
            "train.toml:5:10: model.hidden = 0 is outside [1, 4096] (units per direction)\n"
            "train.toml:6:10: model.layers: expected an integer, got the string \"two\"\n"
            "--set model.dropout=2: model.dropout = 2 is outside [0, 0.9] (between layers)\n"
            "--set lr=3: unknown key \"lr\" (did you mean \"optimizer.lr\"?)");
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
  EXPECT_EQ(s.kind, Kind::mfcc);
  EXPECT_FALSE(s.model.bidirectional);
  EXPECT_EQ(s.lr, 1e-4);
  parse("", {"data.corpus="}, s);
  EXPECT_EQ(s.corpus, "");
}

TEST(Config, BadAssignmentsAreNamed) {
  const struct {
    const char *text, *said;
  } table[] = {
      {"model.hidden", "expected name=value, e.g. --set model.hidden=256"},
      {"optimizer.lr", "expected name=value, e.g. --set optimizer.lr=0.001"},
      {"=3", "expected name=value, e.g. --set model.hidden=256"},
      {"", "expected name=value, e.g. --set model.hidden=256"},
      {"model.hidden=", "expected an integer"},
      {"model.hidden=many", "expected an integer"},
      {"model.hidden=\"3\"", "model.hidden: expected an integer, got the string \"3\"; remove the quotes"},
      {"model.hidden=3\nx=4", "expected one value; repeat --set for another setting"},
      {"model.bidirectional=no", "expected true or false"},
      {"mode.hidden=3", "unknown key \"mode.hidden\" (did you mean \"model.hidden\"?)"},
      {"model={hidden=3}", "model: expected a table of settings, written [model]"},
      {"data.kind=mfc", "data.kind = \"mfc\" is not one of mel, mfcc, prosody (did you mean \"mfcc\"?)"},
      {"data.splits=train", "expected a list of strings"},
      {"data.corpus=\"unclosed", "expected a string"},
  };
  for (const auto& [text, said] : table) EXPECT_EQ(mistakes("", {text}), "--set " + shortened(text) + ": " + said);
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
    EXPECT_NE(help.find("units per direction [1 to 4096]"), std::string::npos);
    EXPECT_NE(help.find("of features (mel, mfcc, prosody)"), std::string::npos);
    EXPECT_NE(help.find("of everything random [0 or more]"), std::string::npos);
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
               folder.path() + "/b.toml:1:8: seed: expected an integer, got the string \"x\"");
  read_config(table_of(s), folder.write("empty.toml", ""), {});
  EXPECT_EQ(s.seed, 4);
  read_config(table_of(s), folder.write("long.toml", std::string(9000, '#') + "\nseed = 6"), {});
  EXPECT_EQ(s.seed, 6);
  const std::vector<std::string> set{"seed=5"};
  read_config(table_of(s), "", set);
  EXPECT_EQ(s.seed, 5);
}

TEST(Config, LimitsAreComparedAsIntegers) {
  std::int64_t seed = 0;
  FieldTable table;
  table("seed", seed, in(std::int64_t{0}, std::int64_t{1} << 53), "random seed");
  parse_config(table, "seed = 9007199254740992", "t");
  EXPECT_EQ(seed, std::int64_t{1} << 53);
  EXPECT_FAULT(parse_config(table, "seed = 9007199254740993", "t"), Fault::config,
               "seed = 9007199254740993 is outside [0, 9007199254740992] (random seed)");
  EXPECT_FAULT(parse_config(table, "seed = 9223372036854775807", "t"), Fault::config,
               "seed = 9223372036854775807 is outside [0, 9007199254740992] (random seed)");
}

TEST(Config, AKeyIsLookedForInEverySection) {
  int epochs = 1, patience = 1, stop_patience = 1, beta1 = 1, beta2 = 1;
  double rate = 1;
  std::string optimizer, schedule;
  FieldTable table;
  table("trainer.max_epochs", epochs, in(1, 9), "");
  table("trainer.stop_patience", stop_patience, in(1, 9), "");
  table("schedule.name", schedule, "");
  table("schedule.patience", patience, in(1, 9), "");
  table("optim.name", optimizer, "");
  table("optim.lr", rate, in(0.0, 1.0), "");
  table("optim.beta1", beta1, in(1, 9), "");
  table("optim.beta2", beta2, in(1, 9), "");
  table.synonyms("trainer.max_epochs", {"epochs", "num_epochs"});
  table.synonyms("trainer.stop_patience", {"patience"});
  table.synonyms("optim", {"optimizer"});
  table.synonyms("optim.name", {"optimizer"});
  table.synonyms("optim.beta1", {"betas"});
  table.synonyms("optim.beta2", {"betas"});
  table.synonyms("no.such", {"optim"});
  const struct {
    const char *text, *said;
  } cases[] = {
      {"[trainer]\nlr = 1.0", "t:2:1: unknown key \"trainer.lr\" (did you mean \"optim.lr\"?)"},
      {"lr = 1.0", "t:1:1: unknown key \"lr\" (did you mean \"optim.lr\"?)"},
      {"[trainer]\nepochs = 3", "t:2:1: unknown key \"trainer.epochs\" (did you mean \"trainer.max_epochs\"?)"},
      {"[optim]\nnumEpochs = 3", "t:2:1: unknown key \"optim.numEpochs\" (did you mean \"trainer.max_epochs\"?)"},
      {"NUM-EPOCHS = 3", "t:1:1: unknown key \"NUM-EPOCHS\" (did you mean \"trainer.max_epochs\"?)"},
      {"max_epcohs = 3", "t:1:1: unknown key \"max_epcohs\" (did you mean \"trainer.max_epochs\"?)"},
      {"optimizer = 'adam'", "t:1:1: unknown key \"optimizer\" (did you mean \"optim.name\"?)"},
      {"[optimizer]\nlr = 1.0", "t:1:2: unknown section \"optimizer\" (did you mean \"optim\"?)"},
      {"[Optim]\nlr = 1.0", "t:1:2: unknown section \"Optim\" (did you mean \"optim\"?)"},
      {"[trainer]\npatience = 3", "t:2:1: unknown key \"trainer.patience\" (did you mean \"trainer.stop_patience\"?)"},
      {"patience = 3",
       "t:1:1: unknown key \"patience\" (did you mean \"trainer.stop_patience\" or \"schedule.patience\"?)"},
      {"[optim]\nbetas = [0.9, 0.99]",
       "t:2:1: unknown key \"optim.betas\" (did you mean \"optim.beta1\" or \"optim.beta2\"?)"},
      {"[trainer]\nname = 'x'",
       "t:2:1: unknown key \"trainer.name\"; `cutract help config trainer` lists that section"},
      {"[zzzzzzz]\nname = 'x'", "t:1:2: unknown section \"zzzzzzz\"; `cutract help config` lists them all"},
  };
  for (const auto& [text, said] : cases) {
    const Error e = test::thrown_by([&, t = text] { parse_config(table, t, "t"); });
    EXPECT_STREQ(e.what(), said) << text;
  }
}

TEST(Config, ALongKeyOrValueIsCutAndQuicklyRefused) {
  const std::string key = "train.toml:1:1: unknown key \"" + std::string(60, 'k') + "...\"";
  EXPECT_TRUE(mistakes(std::string(1 << 20, 'k') + " = 1").starts_with(key));
  const std::string said = mistakes("data.kind = '" + std::string(1 << 20, 'm') + "'");
  EXPECT_LT(said.size(), 300u);
  EXPECT_LT(mistakes("", {"data.kind=" + std::string(1 << 20, 'm')}).size(), 400u);
}

TEST(Config, TwentyMistakesAreShownAndTheOthersCounted) {
  std::string text;
  for (int i = 0; i < 21; ++i) text += "zzzzzzzzzz" + std::to_string(i) + " = 1\n";
  const std::string said = mistakes(text);
  EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 20);
  EXPECT_TRUE(said.ends_with("\ntrain.toml: 1 more mistake not shown")) << said;
  EXPECT_NE(said.find("train.toml:20:1: "), std::string::npos);
  EXPECT_EQ(said.find("train.toml:21:1: "), std::string::npos);
  EXPECT_TRUE(mistakes(text + "seeed = 3\n").ends_with("\ntrain.toml: 2 more mistakes not shown"));
}

TEST(Config, HelpOfOneSectionOrSetting) {
  Settings s;
  const FieldTable table = table_of(s);
  EXPECT_EQ(help_config(table, 80, "optimizer.lr"),
            "[optimizer]\n  optimizer.lr = 0.001\n      learning rate [0 to 1]\n");
  EXPECT_EQ(help_config(table, 80, "optimizer"), help_config(table, 80, "optimizer.lr"));
  EXPECT_EQ(help_config(table, 80, "[optimizer]"), help_config(table, 80, "optimizer"));
  EXPECT_EQ(help_config(table, 80, "data").find("model"), std::string::npos);
  EXPECT_FAULT(help_config(table, 80, "optimiser"), Fault::usage,
               "help config: unknown section or setting \"optimiser\" (did you mean \"optimizer\"?)");
  EXPECT_FAULT(help_config(table, 80, "lr"), Fault::usage, "(did you mean \"optimizer.lr\"?)");
  EXPECT_FAULT(help_config(table, 80, "zzzzzzzzzz"), Fault::usage, "`cutract help config` lists them all");
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
