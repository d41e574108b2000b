// Folders of audio files and tables: what becomes of them, and what is said about bad ones.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "host/core/error.h"
#include "host/corpus/corpus.h"
#include "host/corpus/splits.h"
#include "host/io/atomic_file.h"
#include "host/io/npy.h"
#include "tests/corpus/table_folder.h"
#include "tests/support/support.h"

namespace cutract {
namespace {

using test::TableFolder;

std::string rows_of(const std::string& corpus) {
  std::string rows;
  for (const Utterance& u : read_corpus(corpus).utterances) {
    rows += u.id + " " + u.speaker + " " + u.split + " " + u.text;
    for (const auto& [name, value] : u.extra) rows += " " + name + "=" + value;
    rows += "\n";
  }
  return rows;
}

TEST(ImportTable, MakesACorpus) {
  const TableFolder lab;
  for (const std::string name : {"anna/a", "bert/b"}) {
    lab.audio(name);
    lab.write(name + ".csv", TableFolder::table());
  }
  testing::internal::CaptureStderr();
  const ImportReport report = lab.run({{"--name", "my \"lab\""}, {"--unit", "cm,tt_y=deg"}, {"--split", "train=1"}});
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "imported 2 utterances (0.0 min) into " + lab.out() +
                ", 0 skipped\n"
                "splits by --split train=1 --seed 1; recordings with the same text are in one split\n");
  EXPECT_EQ(report.done, 2);
  const Corpus c = read_corpus(lab.out());
  EXPECT_EQ(c.name, "my \"lab\"");
  EXPECT_EQ(c.sample_rate, 16000);
  EXPECT_EQ(c.articulation_rate_hz, 100);
  ASSERT_EQ(c.channels.size(), 2u);
  EXPECT_EQ(c.channels[0].unit, "cm");
  EXPECT_EQ(c.channels[1].unit, "deg");
  EXPECT_EQ(rows_of(lab.out()), "anna_a anna train \nbert_b bert train \n");
  const Recording r = read_recording(c, c.utterances[1]);
  EXPECT_EQ(r.samples.size(), 16000u);
  EXPECT_EQ(r.track.values.row(99)[0], 99);
  EXPECT_EQ(r.track.values.row(99)[1], 1);
}

TEST(ImportTable, TwoFoldersAndATableOfUtterances) {
  const TableFolder lab;
  for (const std::string name : {"s1/a", "s1/b", "s2/a", "s2/c"}) {
    lab.audio("wav/" + name);
    lab.write("ema/" + name + ".tsv", TableFolder::table(100, "\t"));
  }
  lab.write("utterances.csv",
            "utterance;speaker;split;text;sex\r\ns1/a;anna;train;\"one; \"\"two\"\"\";f\r\ns1_b.wav;anna;val;x;f\r\n"
            "s2/a;bert;test;a\tb;m\r\ns2/d;bert;test;y;m\r\n");
  const std::string said = lab.says({{"--audio", "wav"}, {"--tracks", "ema"}});
  EXPECT_EQ(rows_of(lab.out()),
            "s1_a anna train one; \"two\" sex=f\ns1_b anna val x sex=f\ns2_a bert test a b sex=m\n");
  EXPECT_NE(said.find("skipped s2_c: is not in " + (lab / "utterances.csv\n")), std::string::npos) << said;
  EXPECT_NE(said.find("skipped s2_d: " + (lab / "utterances.csv:5 has no audio file\n")), std::string::npos) << said;
  EXPECT_EQ(said.find("splits by"), std::string::npos) << said;
}

TEST(ImportTable, TheFirstTableDecidesTheChannels) {
  const TableFolder lab;
  for (const std::string name : {"a", "b", "c"}) lab.audio(name);
  lab.write("a.csv", TableFolder::table());
  std::string turned = "tt_y,other,time,tt_x\n", fewer = "time,tt_x\n";
  for (int k = 0; k < 100; ++k) {
    turned += "7,0," + std::to_string(k / 100.0) + ",8\n";
    fewer += std::to_string(k / 100.0) + ",8\n";
  }
  lab.write("b.csv", turned);
  lab.write("c.csv", fewer);
  const std::string said = lab.says();
  EXPECT_NE(said.find("skipped c: " + (lab / "c.csv:1: has no column \"tt_y\"; the columns are: time, tt_x\n")),
            std::string::npos)
      << said;
  EXPECT_EQ(read_npy(lab.out() + "/articulation/b.npy").row(5)[0], 8);
}

// One missing value used to cost a whole recording.
TEST(ImportTable, ShortGapsAreFilledAndLongOnesKept) {
  const TableFolder lab;
  std::string gap = "time,tt_x\n", longer = gap;
  for (int k = 0; k < 100; ++k) {
    const std::string time = std::to_string(k / 100.0);
    gap += time + "," + (k > 9 && k < 15 ? "NaN" : std::to_string(2 * k)) + "\n";
    longer += time + "," + (k > 9 && k < 16 ? "" : std::to_string(2 * k)) + "\n";
  }
  for (const std::string name : {"a", "b"}) lab.audio(name);
  lab.write("a.csv", gap);
  lab.write("b.csv", longer);
  const std::string said = lab.says();
  EXPECT_NE(said.find(lab.path() + ": kept as missing values (NaN), because they are too long to fill "
                                   "(--fill-gaps-ms): 1 gap with 6 values in 1 utterance; the longest lasts 60 ms\n"),
            std::string::npos)
      << said;
  EXPECT_NE(said.find(lab.path() + ": filled 1 gap with 5 values in 1 utterance; the longest lasts 50 ms\n"),
            std::string::npos)
      << said;
  EXPECT_NEAR(read_npy(lab.out() + "/articulation/a.npy").row(12)[0], 24, 1e-5);
  const Matrix kept = read_npy(lab.out() + "/articulation/b.npy");
  for (Index t = 0; t < kept.rows; ++t) EXPECT_EQ(std::isnan(kept.row(t)[0]), t > 9 && t < 16) << t;
  EXPECT_EQ(lab.run({{"--fill-gaps-ms", "60"}}).gaps.values, 11);
  const ImportReport none = lab.run({{"--fill-gaps-ms", "0"}});
  EXPECT_EQ(none.done, 2);
  EXPECT_EQ(none.left.values, 11);
  EXPECT_FAULT(lab.run({{"--fill-gaps-ms", "-1"}}), Fault::usage,
               "--fill-gaps-ms: is \"-1\", expected a number from 0 to 10000");
}

// A Kaldi data folder says where audio is, who speaks and what is said.
TEST(ImportTable, AKaldiDataFolder) {
  const TableFolder lab;
  std::string scp, speakers;
  for (const std::string id : {"anna-a", "anna-b", "bert-a", "bert-c"}) {
    lab.audio("elsewhere/" + id + ".orig");
    scp += id + " " + (lab / ("elsewhere/" + id + ".orig.wav\n"));
    if (id != "bert-c") speakers += id + " " + id.substr(0, 4) + "\n";
    lab.write("ema/" + id + ".csv", TableFolder::table());
  }
  lab.write("ema/anna-z.csv", TableFolder::table());
  lab.write("data/wav.scp", scp + "bert-d " + (lab / "nowhere.wav\n") + "bert-e " + (lab / "nowhere.wav\n"));
  lab.write("data/utt2spk", speakers + "bert-d bert\nbert-e bert\nother other\n");
  lab.write("data/text", "anna-a the same\nanna-b more\nbert-a the same\n");
  lab.write("ema/bert-e.csv", TableFolder::table());
  const std::map<std::string, std::string> options{
      {"--audio", "data/wav.scp"}, {"--tracks", "ema"}, {"--split", "train=0.5,test=0.5"}};
  const std::string said = lab.says(options);
  const Corpus c = read_corpus(lab.out());
  ASSERT_EQ(c.utterances.size(), 3u) << said;
  EXPECT_EQ(c.utterances[0].id, "anna-a");
  EXPECT_EQ(c.utterances[2].speaker, "bert");
  EXPECT_EQ(c.utterances[0].text, "the same");
  EXPECT_EQ(c.utterances[0].split, c.utterances[2].split);
  for (const std::string& words :
       {"anna-z: " + (lab / "ema/anna-z.csv: has no audio file anna-z.wav (or .flac, ...)\n"),
        "bert-c: is not in " + (lab / "data/utt2spk\n"),
        "bert-d: " + (lab / "nowhere.wav: has no movement file bert-d.csv, .tsv, .npy or .npz\n"),
        "bert-e: " + (lab / "nowhere.wav: cannot read: No such file or directory\n")})
    EXPECT_NE(said.find("skipped " + words), std::string::npos) << words << said;
  // Movement in folders belongs to the ids that have _ for /.
  lab.write("moved/s1/a.csv", TableFolder::table());
  lab.write("data/wav.scp", "s1_a " + (lab / "elsewhere/anna-a.orig.wav\n"));
  EXPECT_EQ(lab.says({{"--audio", "data/wav.scp"}, {"--tracks", "moved"}, {"--speaker", "x"}}).find("warning"),
            std::string::npos);
  EXPECT_EQ(rows_of(lab.out()), "s1_a x train \n");
}

TEST(ImportTable, AWrongWavScpIsRefusedBeforeAnythingIsWritten) {
  const TableFolder lab;
  const std::string scp = lab.write("wav.scp", "a a.wav\n");
  lab.write("a.csv", TableFolder::table());
  const auto says = [&] { return lab.says({{"--audio", "wav.scp"}}); };
  EXPECT_EQ(says(),
            "--audio wav.scp: there is no utt2spk beside it, which says who speaks; add it, or name the speaker "
            "with --speaker");
  const std::string speakers = lab.write("utt2spk", "a\n");
  EXPECT_EQ(says(), speakers + ":1: expected ID SPEAKER, which are two words");
  lab.write("utt2spk", "a anna\n");
  const std::string text = lab.write("text", "a \xff\n");
  EXPECT_EQ(says(), text + ":1: the text is not UTF-8; save the file as UTF-8 text");
  lab.write("wav.scp", "a touch ran; cat a.wav |\n");
  EXPECT_EQ(says(), scp +
                        ":1: is a command, and cutract does not execute commands; write its output to a file and give "
                        "the path");
  EXPECT_FALSE(std::filesystem::exists("ran"));
  lab.write("wav.scp", "");
  EXPECT_EQ(says(), scp + ":1: lists no utterances");
  EXPECT_FALSE(std::filesystem::exists(lab.out()));
}

TEST(ImportTable, FilesThatDoNotBelongTogether) {
  const TableFolder lab;
  lab.audio("good");
  lab.write("good.csv", TableFolder::table());
  lab.audio("alone");
  lab.write("table.csv", TableFolder::table());
  lab.audio("two");
  lab.write("two.csv", TableFolder::table());
  lab.write("two.tsv", TableFolder::table());
  lab.audio("x/y");
  lab.write("x/y.csv", TableFolder::table());
  lab.audio("x_y");
  lab.write("x_y.csv", TableFolder::table());
  lab.audio("short", 0.5);
  lab.write("short.csv", TableFolder::table(40));
  lab.write("noise.wav", "not audio");
  lab.write("noise.csv", TableFolder::table());
  lab.audio(".hidden");
  const std::string said = lab.says();
  for (const std::string& words :
       {"alone: " + (lab / "alone.wav: has no movement file alone.csv, .tsv, .npy or .npz"),
        "table: " + (lab / "table.csv: has no audio file table.wav (or .flac, ...)"),
        std::string("two: several movement files have this name; keep one of "),
        std::string("x_y: x/y and x_y would get the same id; rename one of them"),
        "short: " +
            (lab / "short.csv: 40 rows last 0.400 s at 100 Hz, the audio 0.500 s; expected the same within 20 ms"),
        "noise: " + (lab / "noise.wav: is a text file")})
    EXPECT_NE(said.find("skipped " + words), std::string::npos) << words << "\n" << said;
  EXPECT_NE(said.find("imported 2 utterances"), std::string::npos) << said;
}

TEST(ImportTable, WrongSourcesAreRefusedBeforeAnythingIsWritten) {
  const TableFolder lab;
  EXPECT_EQ(lab.says(), lab.path() +
                            ": holds no audio file (.wav, .flac, ...) with a table of the same name (.csv, .tsv, "
                            ".npy or .npz) beside it; if they are in two folders, name the folders with --audio and "
                            "--tracks");
  lab.audio("a");
  lab.write("a.csv", TableFolder::table());
  const std::string list = lab / "utterances.csv";
  const struct {
    std::string text, says;
  } cases[] = {
      {"id,speaker\na,s\n",
       list + ":1: column \"utterance\" is missing\n" + list +
           ":1: column \"id\" has a meaning in a corpus that an import does not support; rename it\n" + list +
           ":2: utterance is empty"},
      {"utterance\na\na.wav\n", list + ":3: utterance \"a\" is already on line 2"},
      {"utterance,Speaker\na,s\n", list + ":1: unknown column \"Speaker\" (did you mean \"speaker\"?)"},
      {"utterance,speaker\na\n", list + ":2: has 1 field, expected 2 as in the header line"},
      {"utterance,start_s\na,0\n",
       list + ":1: column \"start_s\" has a meaning in a corpus that an import does not support; rename it"},
      {"utterance,start\na,0\n",
       list + ":1: column \"start\" has a meaning in a corpus that an import does not support; rename it"},
      {"", list + ":1: expected a header line of column names"},
  };
  for (const auto& c : cases) {
    lab.write("utterances.csv", c.text);
    EXPECT_EQ(lab.says(), c.says);
    EXPECT_FALSE(std::filesystem::exists(lab.out()));
  }
  lab.write("utterances.csv", "utterance,speaker,split\na,s,train\n");
  EXPECT_FAULT(lab.run({{"--speaker", "x"}}), Fault::usage,
               "--speaker: " + list + " has a column speaker; use only one");
  EXPECT_FAULT(lab.run({{"--split", "train=1"}}), Fault::usage,
               "--split: " + list + " has a column split; use only one");
  EXPECT_FAULT(lab.run({{"--audio", "nowhere"}}), Fault::io,
               "nowhere: cannot read (--audio names a folder in SRC): No such");
  lab.write("utterances.csv", "utterance,speaker,split\na,,train\n");
  EXPECT_NE(lab.says().find("skipped a: " + list + ":2: speaker is empty\n"), std::string::npos);
}

TEST(ImportTable, WrongOptionsAreUsageErrors) {
  const TableFolder lab;
  const struct {
    const char *name, *value, *says;
  } cases[] = {
      {"--rate", "fast", "--rate: is \"fast\", expected a number from 1 to 100000"},
      {"--rate", "0", "--rate: is \"0\", expected a number from 1 to 100000"},
      {"--rate", "200Hz", "--rate: is \"200Hz\", expected a number from 1 to 100000"},
      {"--sample-rate", "16000.5", "--sample-rate: is \"16000.5\", expected an integer from 1000 to 384000"},
      {"--time-unit", "min", "--time-unit: is \"min\", expected s or ms"},
      {"--channels", "a,,b", "--channels: is \"a,,b\", expected names with commas between them"},
      {"--channels", "a,b,a", "--channels: duplicate name a"},
      {"--unit", "mm,cm", "--unit: has \"cm\", expected one unit and any CHANNEL=UNIT"},
      {"--name", "", "--name: is empty"},
      {"--split", "train", "--split: is \"train\", where \"train\" is not NAME=SHARE"},
      {"--split", "train=0.8,val=0.1", "--split: is \"train=0.8,val=0.1\", whose shares add up to 0.9 instead of 1"},
      {"--split", "a=0.5,a=0.5", "--split: is \"a=0.5,a=0.5\", which names a twice"},
      {"--split", "a=0,b=1", "--split: is \"a=0,b=1\", where the share of a is not a number above 0 and up to 1"},
      {"--split", "a=80%,b=20%", "where the share of a is not a number above 0 and up to 1; expected e.g. train=0.8"},
  };
  for (const auto& c : cases) EXPECT_FAULT(lab.run({{c.name, c.value}}), Fault::usage, c.says);
}

// A name that is not UTF-8 would make the manifest, and so the whole corpus, unreadable.
TEST(ImportTable, NamesThatAreNotUtf8StayOut) {
  const TableFolder lab;
  for (const std::string name : {"a", "caf\xe9"}) {
    lab.audio(name);
    lab.write(name + ".csv", TableFolder::table());
  }
  const std::string said = lab.says({});
  EXPECT_NE(said.find("is not UTF-8; rename it"), std::string::npos) << said;
  EXPECT_EQ(read_corpus(lab.out()).utterances.size(), 1u);
  EXPECT_FAULT(lab.run({{"--name", "caf\xe9"}}), Fault::usage, "--name: is not UTF-8");
  EXPECT_FAULT(lab.run({{"--channels", "time"}}), Fault::data, "none of its utterances could be imported");
}

TEST(Splits, FollowSharesSeedAndGroups) {
  std::vector<std::string> all;
  all.reserve(100);
  for (int i = 0; i < 100; ++i) all.push_back("sentence " + std::to_string(i / 2));
  const std::vector<Share> shares = parse_shares("train=0.8,val=0.1,test=0.1", "--split");
  const std::vector<std::string> splits = assign_splits(all, shares, 1);
  EXPECT_EQ(std::count(splits.begin(), splits.end(), "train"), 80);
  EXPECT_EQ(std::count(splits.begin(), splits.end(), "val"), 10);
  for (std::size_t i = 0; i < splits.size(); i += 2) EXPECT_EQ(splits[i], splits[i + 1]);
  EXPECT_EQ(assign_splits(all, shares, 1), splits);
  EXPECT_NE(assign_splits(all, shares, 2), splits);
  for (std::size_t n = 3; n < 12; ++n) {
    const std::vector<std::string> few = assign_splits({all.begin(), all.begin() + 2 * static_cast<int>(n)}, shares, 1);
    for (const Share& s : shares) EXPECT_TRUE(std::find(few.begin(), few.end(), s.split) != few.end()) << n << s.split;
  }
}

}  // namespace
}  // namespace cutract
