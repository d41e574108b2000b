// The X-ray microbeam database and MOCHA-TIMIT, whose files are tables of numbers.
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "host/core/error.h"
#include "host/corpus/corpus.h"
#include "host/io/npy.h"
#include "tests/corpus/real_files.h"
#include "tests/corpus/table_folder.h"
#include "tests/io/track_bytes.h"
#include "tests/support/support.h"

namespace cutract {
namespace {

using test::TableFolder;

// Rows of the X-ray microbeam: value c of row k is 1000 (k + c), and the first `lost` values of channel 2 are missing.
std::string txy(int rows, int lost, int step_us = 6866) {
  std::string text;
  for (int k = 0; k < rows; ++k) {
    text += std::to_string(k * step_us);
    for (int c = 0; c < 16; ++c) text += "\t" + std::to_string(c == 2 && k < lost ? 1000000 : 1000 * (k + c));
    text += "\n";
  }
  return text;
}

std::string mocha(int rows) {
  std::string text;
  for (int k = 0; k < rows; ++k) {
    text += std::to_string(k / 500.0) + "\t1 \t";
    for (int c = 0; c < 20; ++c) text += std::to_string(100 * k + c) + " ";
    text += "\n";
  }
  return text;
}

TEST(ImportXrmb, MillimetresAtTheRateOfTheTimes) {
  const TableFolder lab("xrmb");
  for (const std::string name : {"JW11/tp005", "JW12/tp005", "JW12/tp006"}) {
    lab.audio(name);
    lab.write(name + ".txy", txy(146, name == "JW11/tp005" ? 7 : 0));
  }
  const std::string said = lab.says({{"--split", "train=0.5,test=0.5"}});
  EXPECT_NE(said.find(lab.path() + ": filled 1 gap with 7 values in 1 utterance; the longest lasts 48.06 ms\n"),
            std::string::npos)
      << said;
  const Corpus c = read_corpus(lab.out());
  EXPECT_EQ(c.articulation_rate_hz, 145.645);
  ASSERT_EQ(c.channels.size(), 16u);
  EXPECT_EQ(c.channels[2].name, "ll_x");
  EXPECT_EQ(c.channels[2].unit, "mm");
  ASSERT_EQ(c.utterances.size(), 3u);
  EXPECT_EQ(c.utterances[0].speaker, "JW11");
  EXPECT_EQ(c.utterances[0].split, c.utterances[1].split);  // the same task
  const Matrix track = read_recording(c, c.utterances[0]).track.values;
  EXPECT_FLOAT_EQ(track.row(100)[5], 105);
  EXPECT_FLOAT_EQ(track.row(0)[2], 9);  // the nearest value
  EXPECT_FLOAT_EQ(track.row(7)[2], 9);
}

TEST(ImportXrmb, BadFilesAreSkippedWithOneSentence) {
  const TableFolder lab("xrmb");
  const std::string good = txy(146, 0);
  const std::vector<std::pair<std::string, std::string>> files{
      {"a_good", good},
      {"b_lost", txy(146, 20)},
      {"c_never", txy(146, 146)},
      {"d_back", good + "5000\t" + good.substr(good.find('\t') + 1, good.find('\n') - 1)},
      {"e_seconds", txy(146, 0, 1)},
      {"f_hole", good.substr(0, good.find("\n68660\t") + 1) + good.substr(good.find("\n137320\t") + 1)},
      {"g_short", txy(60, 0)},
      {"h_long", txy(300, 0)},
  };
  for (const auto& [name, bytes] : files) {
    lab.audio(name);
    lab.write(name + ".txy", bytes);
  }
  const std::string said = lab.says();
  for (const std::string& words :
       {"d_back: " +
            (lab / "d_back.txy: the time of row 147 is 0.005, but that of row 146 is 0.99557; times must increase"),
        "e_seconds: " + (lab / "e_seconds.txy: its times give 1e+06 rows per second, expected 1 to 100000\n"),
        "f_hole: " + (lab / "f_hole.txy: rows 10 and 11 are 0.07553 s apart, usually 0.006866 s; rows are missing"),
        "g_short: " + (lab / "g_short.txy: 60 rows last 0.412 s at 145.645 Hz, the audio 1.000 s; expected the same"),
        "h_long: " + (lab / "h_long.txy: 300 rows last 2.060 s at 145.645 Hz, the audio 1.000 s; expected the same")})
    EXPECT_NE(said.find("skipped " + words), std::string::npos) << words << "\n" << said;
  // A long loss, and a pellet that a recording lacks, stay missing.
  EXPECT_NE(said.find("imported 3 utterances "), std::string::npos) << said;
  EXPECT_NE(said.find("(--fill-gaps-ms): 2 gaps with 166 values in 2 utterances; the longest lasts 1002 ms\n"),
            std::string::npos)
      << said;
  const Matrix never = read_npy(lab.out() + "/articulation/c_never.npy");
  for (Index t = 0; t < never.rows; ++t) EXPECT_TRUE(std::isnan(never.row(t)[2]) && !std::isnan(never.row(t)[3])) << t;
}

TEST(ImportMocha, TextAndEstTracksAreTheSameCorpus) {
  const TableFolder lab("mocha");
  lab.audio("fsew0_001", 1.2);
  lab.write("fsew0_001.ema", mocha(500));
  lab.audio("msak0_001");
  const std::vector<std::string> names{"ui_x", "li_x", "ul_x", "ll_x", "tt_x", "ui_y", "li_y", "ul_y", "ll_y", "tt_y",
                                       "tb_x", "td_x", "v_x",  "****", "bn_x", "tb_y", "td_y", "v_y",  "****", "bn_y"};
  std::vector<float> frames;
  for (int k = 0; k < 500; ++k) {
    frames.insert(frames.end(), {static_cast<float>(k) / 500, 1});
    for (int c = 0; c < 20; ++c) frames.push_back(static_cast<float>(100 * k + c));
  }
  lab.write("msak0_001.ema", test::est_file(names, frames));
  const std::string chosen = "li_x,li_y,tt_x,tt_y";
  const std::string said = lab.says({{"--channels", chosen}});
  EXPECT_NE(said.find("cut off audio after the last frame in 1 utterance, at most 200 ms\n"), std::string::npos)
      << said;
  const Corpus c = read_corpus(lab.out());
  EXPECT_EQ(c.articulation_rate_hz, 500);
  ASSERT_EQ(c.utterances.size(), 2u);
  EXPECT_EQ(c.utterances[0].speaker, "fsew0");
  EXPECT_EQ(c.utterances[1].speaker, "msak0");
  for (const Utterance& u : c.utterances) {
    const Matrix track = read_recording(c, u).track.values;
    EXPECT_EQ(track.rows, 500);
    EXPECT_FLOAT_EQ(track.row(10)[0], 10.01F);
    EXPECT_FLOAT_EQ(track.row(10)[1], 10.06F);
    EXPECT_FLOAT_EQ(track.row(10)[3], 10.09F);
  }
  EXPECT_EQ(lab.run().done, 2);  // the names of all 20 channels are the same
  EXPECT_EQ(read_corpus(lab.out()).channels[18].name, "unused_y");
}

// The right values are those of numpy.loadtxt, in mm.
TEST(ImportXrmb, ARealFile) {
  NEEDS_REAL_FILES();
  const test::TempFolder out;
  const ImportReport r = importer_named("xrmb").run({test::real_files() + "/xrmb", out / "xrmb", {}});
  EXPECT_EQ(r.done, 1);
  EXPECT_EQ(r.gaps.gaps, 16);
  EXPECT_EQ(r.gaps.values, 96);
  const Matrix track = read_npy(out / "xrmb/articulation/dat_jw11_tp005.npy");
  ASSERT_EQ(track.rows, 730);
  const std::vector<double> last{13.764,  16.991, 11.993,  -27.625, -12.172, -11.538, -27.742, -5.723,
                                 -40.633, -1.812, -52.299, 5.005,   1.251,   -14.898, -40.548, -8.303};
  EXPECT_REL_L2(std::vector<float>(track.row(729), track.row(729) + 16), last, 1e-6);
}

TEST(ImportMocha, ARealFile) {
  NEEDS_REAL_FILES();
  const test::TempFolder out;
  const ImportReport r = importer_named("mocha").run({test::real_files() + "/mocha", out / "mocha", {}});
  EXPECT_EQ(r.done, 1);
  EXPECT_NEAR(r.cut_audio_ms, 286.4375, 0.01);
  const Matrix track = read_npy(out / "mocha/articulation/dat_fsew0_001.npy");
  ASSERT_EQ(track.rows, 966);
  const std::vector<double> last{0.04265816, 0.91967499, -9.09058716, -10.63055420,
                                 7.65620728, 0.03159382, -21.60607178};
  EXPECT_REL_L2(std::vector<float>(track.row(965), track.row(965) + 7), last, 1e-6);
}

}  // namespace
}  // namespace cutract
