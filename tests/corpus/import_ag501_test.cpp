// Sweeps of an articulograph, and tracks of EMU databases.
#include <gtest/gtest.h>

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

using test::pos_file;
using test::ssff_file;
using test::TableFolder;

TEST(ImportAg501, SensorsHaveNames) {
  const TableFolder lab("ag501");
  for (const std::string name : {"anna/0001", "anna/0002", "bert/0001"}) {
    lab.audio(name);
    lab.write(name + ".pos", pos_file(3, 250));
  }
  EXPECT_EQ(lab.run({{"--sensor", "3=tt,1=tb"}, {"--split", "train=1"}}).done, 3);
  const Corpus c = read_corpus(lab.out());
  EXPECT_EQ(c.articulation_rate_hz, 250);
  ASSERT_EQ(c.channels.size(), 4u);
  EXPECT_EQ(c.channels[1].name, "tt_z");
  EXPECT_EQ(c.channels[1].unit, "mm");
  EXPECT_EQ(c.utterances[2].speaker, "bert");
  const Matrix track = read_recording(c, c.utterances[0]).track.values;
  EXPECT_EQ(track.row(2)[0], 2030);
  EXPECT_EQ(track.row(2)[1], 2032);
  EXPECT_EQ(track.row(2)[2], 2010);
  lab.run({{"--axes", "yx"}});
  EXPECT_EQ(read_corpus(lab.out()).channels.size(), 6u);
  EXPECT_EQ(read_corpus(lab.out()).channels[0].name, "s1_y");
}

TEST(ImportAg501, WrongOptionsAndFiles) {
  const TableFolder lab("ag501");
  lab.audio("a");
  lab.write("a.pos", pos_file(3, 250));
  const struct {
    const char *name, *value, *says;
  } cases[] = {
      {"--sensor", "tt", "--sensor: has \"tt\", expected NUMBER=NAME such as 5=tt"},
      {"--sensor", "tt=5", "--sensor: has \"tt=5\", expected NUMBER=NAME such as 5=tt"},
      {"--sensor", "5=", "--sensor: has \"5=\", expected NUMBER=NAME such as 5=tt"},
      {"--sensor", "=tt", "--sensor: has \"=tt\", expected NUMBER=NAME such as 5=tt"},
      {"--sensor", "0=tt", "--sensor: has \"0=tt\", expected NUMBER=NAME such as 5=tt"},
      {"--sensor", "1=tt,2=tt", "--sensor: duplicate name tt"},
      {"--sensor", "1=tt,1=tb", "--sensor: duplicate sensor 1"},
      {"--axes", "xw", "--axes: is \"xw\", expected different letters of x, y and z"},
      {"--axes", "xx", "--axes: is \"xx\", expected different letters of x, y and z"},
  };
  for (const auto& c : cases) EXPECT_FAULT(lab.run({{c.name, c.value}}), Fault::usage, c.says);
  EXPECT_NE(lab.says({{"--sensor", "9=tt"}}).find("skipped a: " + (lab / "a.pos: has 3 channels, but no sensor 9\n")),
            std::string::npos);
  lab.write("a.pos", pos_file(3, 100));
  EXPECT_NE(lab.says().find("a.pos: 100 rows last 0.400 s at 250 Hz, the audio 1.000 s; expected the same within"),
            std::string::npos);
}

TEST(ImportSsff, FilesOfOneRecordingAreItsChannels) {
  const TableFolder lab("ssff");
  for (const std::string name : {"a_ses/x_bndl/x", "b_ses/y_bndl/y"}) {
    lab.audio(name);
    lab.write(name + ".t_tip", ssff_file({"tt_posx", "tt_posz", "tt_rms"}, 200));
    lab.write(name + ".jaw", ssff_file({"jaw_posz"}, 200, false));
    lab.write(name + "_annot.json", "{}");
  }
  EXPECT_EQ(lab.run({{"--split", "train=1"}}).done, 2);
  const Corpus c = read_corpus(lab.out());
  ASSERT_EQ(c.channels.size(), 3u);  // the positions
  EXPECT_EQ(c.channels[0].name, "jaw_posz");
  EXPECT_EQ(c.channels[2].name, "tt_posz");
  EXPECT_EQ(c.articulation_rate_hz, 200);
  EXPECT_EQ(c.utterances[0].id, "a_ses_x_bndl_x");
  EXPECT_EQ(c.utterances[0].speaker, "a_ses");
  const Matrix track = read_recording(c, c.utterances[0]).track.values;
  EXPECT_EQ(track.row(7)[0], 700);
  EXPECT_EQ(track.row(7)[2], 701);
  lab.run({{"--endings", "t_tip"}, {"--channels", "tt_rms"}, {"--unit", "cm"}});
  const Corpus cm = read_corpus(lab.out());
  EXPECT_EQ(cm.channels.size(), 1u);
  EXPECT_EQ(read_recording(cm, cm.utterances[0]).track.values.row(7)[0], 7020);
  EXPECT_NE(cm.provenance.find("converted from cm to mm"), std::string::npos) << cm.provenance;
}

TEST(ImportSsff, FilesThatDoNotFitTogether) {
  const TableFolder lab("ssff");
  lab.audio("a");
  lab.audio("b");
  lab.audio("c");
  lab.write("a.tt", ssff_file({"x"}, 200));
  lab.write("a.jaw", ssff_file({"x"}, 200));
  lab.write("b.tt", ssff_file({"x"}, 200));
  lab.write("b.jaw", ssff_file({"y"}, 199));
  lab.write("c.tt", "not SSFF");
  const std::string said = lab.says();
  for (const std::string& words :
       {"a: " + (lab / "a.tt: column \"x\" is also in ") + (lab / "a.jaw; choose the files with --endings\n"),
        "b: " + (lab / "b.tt: has 200 records at 200 Hz from 0 s, ") +
            (lab / "b.jaw has 199 records at 200 Hz from 0 s; expected the same\n"),
        "c: " + (lab / "c.wav: has no movement file c.* in SSFF format\n")})
    EXPECT_NE(said.find("skipped " + words), std::string::npos) << words << said;
  EXPECT_EQ(lab.run({{"--endings", "tt"}}).done, 2);
  EXPECT_EQ(lab.run({{"--endings", ".TT"}}).done, 2);
  lab.write("d.Jaw", ssff_file({"x"}, 200));
  lab.audio("d");
  EXPECT_EQ(lab.run({{"--endings", "JAW"}}).done, 2);  // a and d
}

// The right values are those of numpy.fromfile.
TEST(ImportAg501, ARealFile) {
  NEEDS_REAL_FILES();
  const test::TempFolder out;
  const ImportReport r =
      importer_named("ag501").run({test::real_files() + "/ag501", out / "ag501", {{"--sensor", "5=tt,6=tm"}}});
  EXPECT_EQ(r.done, 1);
  const Matrix track = read_npy(out / "ag501/articulation/0023.npy");
  ASSERT_EQ(track.rows, 896);
  const std::vector<double> first{-36.0704, 13.428512, -21.172453, 11.530205};
  EXPECT_REL_L2(std::vector<float>(track.row(0), track.row(0) + 4), first, 1e-6);
}

TEST(ImportSsff, ARealFile) {
  NEEDS_REAL_FILES();
  const test::TempFolder out;
  const ImportReport r = importer_named("ssff").run({test::real_files() + "/emu-ssff", out / "ssff", {}});
  EXPECT_EQ(r.done, 1);
  EXPECT_EQ(read_corpus(out / "ssff").channels.size(), 18u);
  const Matrix track = read_npy(out / "ssff/articulation/dfg91_s1em_0666.npy");
  ASSERT_EQ(track.rows, 612);
  const std::vector<double> jaw{-11.306044, 3.4877465, -6.880456};
  EXPECT_REL_L2(std::vector<float>(track.row(0), track.row(0) + 3), jaw, 1e-6);
}

}  // namespace
}  // namespace cutract
