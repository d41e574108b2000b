// MATLAB files of audio and movement, as MVIEW and the Haskins rate comparison corpus have them.
#include <gtest/gtest.h>
#include <matio.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "host/core/error.h"
#include "host/corpus/corpus.h"
#include "host/io/npy.h"
#include "tests/corpus/real_files.h"
#include "tests/corpus/table_folder.h"
#include "tests/support/support.h"

namespace cutract {
namespace {

using test::TableFolder;

struct Signal {
  std::string name;
  double rate;
  std::size_t rows, cols;
  std::vector<double> values;  // column by column
};

// matio, which shares no code with cutract, writes the file.
void write_mat(const std::string& path, const std::string& variable, const std::vector<Signal>& signals) {
  const char* fields[] = {"NAME", "SRATE", "SIGNAL"};
  std::size_t dims[] = {1, signals.size()}, scalar[] = {1, 1};
  mat_t* file = Mat_CreateVer(path.c_str(), nullptr, MAT_FT_MAT5);
  matvar_t* all = Mat_VarCreateStruct(variable.c_str(), 2, dims, fields, 3);
  for (std::size_t i = 0; i < signals.size(); ++i) {
    Signal s = signals[i];
    std::size_t text[] = {1, s.name.size()}, matrix[] = {s.rows, s.cols};
    const auto set = [&](const char* field, matvar_t* value) { Mat_VarSetStructFieldByName(all, field, i, value); };
    set("NAME", Mat_VarCreate(nullptr, MAT_C_CHAR, MAT_T_UTF8, 2, text, s.name.data(), 0));
    set("SRATE", Mat_VarCreate(nullptr, MAT_C_DOUBLE, MAT_T_DOUBLE, 2, scalar, &s.rate, 0));
    set("SIGNAL", Mat_VarCreate(nullptr, MAT_C_DOUBLE, MAT_T_DOUBLE, 2, matrix, s.values.data(), 0));
  }
  EXPECT_EQ(Mat_VarWrite(file, all, MAT_COMPRESSION_ZLIB), 0);
  Mat_VarFree(all);
  Mat_Close(file);
}

Signal audio(double scale = 0.5) {
  Signal s{"AUDIO", 8000, 8000, 1, {}};
  for (int i = 0; i < 8000; ++i) s.values.push_back(scale * std::sin(0.1 * i));
  return s;
}

// Column c of frame t is 100 c + 0.5 t.
Signal sensor(const std::string& name, std::size_t rows = 100, std::size_t cols = 6, double rate = 100) {
  Signal s{name, rate, rows, cols, {}};
  for (std::size_t c = 0; c < cols; ++c)
    for (std::size_t t = 0; t < rows; ++t)
      s.values.push_back(100.0 * static_cast<double>(c) + 0.5 * static_cast<double>(t));
  return s;
}

TEST(ImportMview, AudioAndSensorsOfOneFile) {
  const TableFolder lab("mview");
  for (const std::string name : {"F01_B01_S01_R01_N", "F01_B01_S01_R01_F", "M02_B01_S01_R01_N", "M02_B01_S02_R01_N"})
    write_mat(lab / (name + ".mat"), name,
              {audio(), sensor("TT"), sensor("JAW"), {"F0", 100, 100, 1, sensor("x", 100, 1).values}});
  EXPECT_EQ(lab.run({{"--split", "train=0.5,test=0.5"}}).done, 4);
  const Corpus c = read_corpus(lab.out());
  EXPECT_EQ(c.articulation_rate_hz, 100);
  ASSERT_EQ(c.channels.size(), 4u);
  EXPECT_EQ(c.channels[1].name, "TT_z");
  EXPECT_EQ(c.channels[2].name, "JAW_x");
  EXPECT_EQ(c.utterances[0].speaker, "F01");
  EXPECT_EQ(c.utterances[0].split, c.utterances[1].split);  // one sentence at two rates, and by two speakers
  EXPECT_EQ(c.utterances[0].split, c.utterances[2].split);
  EXPECT_NE(c.utterances[0].split, c.utterances[3].split);
  const Recording r = read_recording(c, c.utterances[0]);
  EXPECT_EQ(r.samples.size(), 16000u);
  EXPECT_EQ(r.track.values.row(7)[0], 3.5F);
  EXPECT_EQ(r.track.values.row(7)[1], 203.5F);
  lab.run({{"--axes", "yz"}, {"--channels", "JAW_y"}});
  EXPECT_EQ(read_npy(lab.out() + "/articulation/F01_B01_S01_R01_N.npy").row(7)[0], 103.5F);
}

TEST(ImportMview, WhatCannotBeUsedIsSkipped) {
  const TableFolder lab("mview");
  const std::vector<std::pair<std::string, std::vector<Signal>>> files{
      {"a_good", {audio(16000), sensor("TT"), sensor("LL")}},  // 16-bit integers
      {"b_mute", {sensor("TT")}},
      {"c_alone", {audio()}},
      {"d_rates", {audio(), sensor("TT"), sensor("LL", 100, 6, 200)}},
      {"e_rows", {audio(), sensor("TT"), sensor("LL", 99)}},
      {"f_twice", {audio(), sensor("TT"), sensor("TT")}},
      {"g_flat", {audio(), sensor("TT", 100, 2), sensor("LL")}},
      {"h_loud", {audio(1e6), sensor("TT"), sensor("LL")}},
      {"i_short", {audio(), sensor("TT", 30), sensor("LL", 30)}},
  };
  for (const auto& [name, signals] : files) write_mat(lab / (name + ".mat"), name, signals);
  lab.write("j_text.mat", "no MATLAB");
  const std::string said = lab.says();
  for (const std::string& words :
       {"b_mute: " + (lab / "b_mute.mat: has no signal AUDIO\n"),
        "c_alone: " + (lab / "c_alone.mat: has no sensor, which is a signal of 2 columns or more\n"),
        "d_rates: " + (lab / "d_rates.mat: LL has 100 frames at 200 Hz, the sensors before it 100 frames at 100 Hz"),
        "e_rows: " + (lab / "e_rows.mat: LL has 99 frames at 100 Hz, the sensors before it 100 frames at 100 Hz"),
        "f_twice: " + (lab / "f_twice.mat: duplicate channel TT_x\n"),
        "g_flat: " + (lab / "g_flat.mat: has no channel \"TT_z\"; the channels are: TT_x, TT_y, LL_x, LL_z\n"),
        "h_loud: " + (lab / "h_loud.mat: AUDIO has samples up to "),
        "i_short: " + (lab / "i_short.mat: 30 rows last 0.300 s at 100 Hz, the audio 1.000 s; expected the same"),
        "j_text: " + (lab / "j_text.mat: is not a MATLAB 5 file; save it with save(file, '-v7')\n")})
    EXPECT_NE(said.find("skipped " + words), std::string::npos) << words << said;
  const Corpus c = read_corpus(lab.out());
  ASSERT_EQ(c.utterances.size(), 1u);
  const std::vector<float> samples = read_recording(c, c.utterances[0]).samples;
  EXPECT_NEAR(*std::max_element(samples.begin(), samples.end()), 0.49, 0.05);
  EXPECT_NE(
      lab.says({{"--axes", "xz"}}).find("g_flat.mat: TT has two columns and no z; choose coordinates with --axes"),
      std::string::npos);
  const TableFolder empty("mview");
  EXPECT_EQ(empty.says(), empty.path() + ": holds no MATLAB file (.mat)");
}

// The right values are those of scipy.io.loadmat.
TEST(ImportMview, RealFiles) {
  NEEDS_REAL_FILES();
  const test::TempFolder out;
  const ImportReport r = importer_named("mview").run({test::real_files() + "/hprc", out / "hprc", {}});
  EXPECT_EQ(r.done, 2);
  const Corpus c = read_corpus(out / "hprc");
  EXPECT_EQ(c.channels.size(), 16u);
  EXPECT_EQ(c.channels[0].name, "TR_x");
  const Matrix track = read_npy(out / "hprc/articulation/F01_B01_S01_R01_N.npy");
  const std::vector<double> first{-45.724556, -5.7337933};
  EXPECT_REL_L2(std::vector<float>(track.row(0), track.row(0) + 2), first, 1e-6);
}

}  // namespace
}  // namespace cutract
