// Folders of audio and EST tracks: units, speakers, lengths, and what is said about bad ones.
#include <gtest/gtest.h>

#include <cmath>

#include "host/core/error.h"
#include "host/corpus/corpus.h"
#include "host/io/npy.h"
#include "tests/corpus/table_folder.h"
#include "tests/io/track_bytes.h"
#include "tests/support/support.h"

namespace cutract {
namespace {

using test::est_file;
using test::TableFolder;

// Frame k at 200 Hz has the values scale * (k + 1) and -scale.
std::string track(int frames, float scale, const std::vector<std::string>& channels = {"tt_x", "tt_y"}) {
  std::vector<float> numbers;
  for (int k = 0; k < frames; ++k) {
    numbers.insert(numbers.end(), {static_cast<float>(k) / 200, 1});
    for (std::size_t c = 0; c < channels.size(); ++c)
      numbers.push_back(c % 2 == 0 ? scale * static_cast<float>(k + 1) : -scale);
  }
  return est_file(channels, numbers);
}

TEST(ImportEst, MillimetresSpeakersAndSplits) {
  const TableFolder lab("est");
  for (const std::string name : {"fsew0_001", "fsew0_002", "fsew0_003", "msak0_001", "msak0_002", "msak0_003"}) {
    lab.audio(name);
    lab.write(name + ".ema", track(200, 20));
  }
  const ImportReport report = lab.run({{"--unit", "0.01mm"}, {"--split", "train=0.5,test=0.5"}});
  EXPECT_EQ(report.done, 6);
  const Corpus c = read_corpus(lab.out());
  EXPECT_EQ(c.articulation_rate_hz, 200);
  EXPECT_NE(c.provenance.find("articulation at 200 Hz, converted from 0.01mm to mm"), std::string::npos)
      << c.provenance;
  ASSERT_EQ(c.channels.size(), 2u);
  EXPECT_EQ(c.channels[0].name, "tt_x");
  EXPECT_EQ(c.channels[0].unit, "mm");
  std::map<std::string, std::string> splits;  // the same sentence of two speakers is in one split
  for (const Utterance& u : c.utterances) {
    EXPECT_EQ(u.speaker, u.id.substr(0, 5));
    const std::string& first = splits.emplace(u.id.substr(6), u.split).first->second;
    EXPECT_EQ(u.split, first) << u.id;
  }
  const Recording r = read_recording(c, c.utterances[0]);
  EXPECT_FLOAT_EQ(r.track.values.row(0)[0], 0.2F);
  EXPECT_FLOAT_EQ(r.track.values.row(199)[0], 40);
  EXPECT_FLOAT_EQ(r.track.values.row(7)[1], -0.2F);
}

// Values of MNGU0 are in cm, those of MOCHA-TIMIT in 1/1000 cm.
TEST(ImportEst, TheUnitIsSeenFromTheSizeOfTheValues) {
  const struct {
    float scale, first_mm;
    const char* unit;
  } cases[] = {{0.02F, 0.2F, "cm"}, {0.2F, 0.2F, "mm"}, {20, 0.2F, "0.01mm"}};
  for (const auto& c : cases) {
    const TableFolder lab("est");
    lab.audio("s_a");
    lab.write("s_a.ema", track(200, c.scale, {"tt_x"}));
    const std::string said = lab.says();
    EXPECT_NE(said.find(std::string("s_a.ema: its values seem to be in ") + c.unit + "; set --unit if they are not\n"),
              std::string::npos)
        << said;
    EXPECT_FLOAT_EQ(read_npy(lab.out() + "/articulation/s_a.npy").row(0)[0], c.first_mm);
  }
}

TEST(ImportEst, PositionsAreTakenFromFilesThatHaveMore) {
  const TableFolder lab("est");
  lab.audio("mngu0_s1_0001");
  lab.write("mngu0_s1_0001.ema", track(200, 0.02F, {"T3_px", "T3_ox", "T3_pz", "newflag"}));
  lab.run();
  const Corpus c = read_corpus(lab.out());
  ASSERT_EQ(c.channels.size(), 2u);
  EXPECT_EQ(c.channels[1].name, "T3_pz");
  lab.run({{"--channels", "T3_ox,T3_px"}, {"--speaker-from", "folder"}});
  EXPECT_EQ(read_corpus(lab.out()).channels[0].name, "T3_ox");
  EXPECT_NE(read_corpus(lab.out()).utterances[0].speaker, "mngu0");
  EXPECT_FAULT(lab.run({{"--channels", "T9_px"}}), Fault::data, "none of its utterances could be imported");
}

// In MOCHA-TIMIT, audio goes on for up to half a second after the last frame.
TEST(ImportEst, EndsThatDifferAreCutOffAndCounted) {
  const TableFolder lab("est");
  lab.audio("s_a", 1.25);
  lab.audio("s_b", 0.9);
  lab.audio("s_c", 1.6);
  for (const std::string name : {"s_a", "s_b", "s_c"}) lab.write(name + ".ema", track(200, 20));
  const std::string said = lab.says();
  for (const std::string& words :
       {"skipped s_c: " +
            (lab / "s_c.ema: 200 rows last 1.000 s at 200 Hz, the audio 1.600 s; expected the same within "
                   "500 ms\n"),
        lab.path() + ": cut off frames after the end of the audio in 1 utterance, at most 100 ms\n",
        lab.path() + ": cut off audio after the last frame in 1 utterance, at most 250 ms\n"})
    EXPECT_NE(said.find(words), std::string::npos) << words << said;
  const Corpus c = read_corpus(lab.out());
  EXPECT_EQ(read_recording(c, c.utterances[0]).samples.size(), 16000u);
  EXPECT_EQ(read_recording(c, c.utterances[1]).track.values.rows, 180);
  EXPECT_EQ(lab.run({{"--trim-ms", "100"}}).skipped, 2);
}

TEST(ImportEst, BadFilesAreSkippedWithOneSentence) {
  const TableFolder lab("est");
  std::vector<float> back{0, 1, 1, 0.005F, 1, 1, 0.002F, 1, 1}, gap, fast;
  for (int k = 0; k < 200; ++k) {
    gap.insert(gap.end(), {static_cast<float>(k) / 200, k > 20 && k < 40 ? 0.0F : 1.0F, 1});
    fast.insert(fast.end(), {static_cast<float>(k) / 2000, 1, 1});
  }
  const std::vector<std::pair<std::string, std::string>> files{
      {"s_good", track(200, 20)},
      {"s_back", est_file({"tt_x"}, back)},
      {"s_lost", est_file({"tt_x"}, gap)},
      {"s_x_fast", est_file({"tt_x"}, fast)},
      {"s_cut", track(200, 20).substr(0, 1000)},
      {"s_other", track(200, 20, {"other"})},
  };
  for (const auto& [name, bytes] : files) {
    lab.audio(name);
    lab.write(name + ".ema", bytes);
  }
  lab.audio("s_alone");
  const std::string said = lab.says({{"--channels", "tt_x"}});
  for (const std::string& words :
       {"s_back: " + (lab / "s_back.ema: the time of row 3 is 0.002, but that of row 2 is 0.005; times must increase"),
        "s_x_fast: " + (lab / "s_x_fast.ema: has 2000 rows per second, earlier files have 200; use --rate HZ"),
        "s_cut: " + (lab / "s_cut.ema: has "),
        "s_other: " + (lab / "s_other.ema: has no channel \"tt_x\"; the channels are: other\n"),
        "s_alone: " + (lab / "s_alone.wav: has no movement file s_alone.ema\n")})
    EXPECT_NE(said.find("skipped " + words), std::string::npos) << words << "\n" << said;
  EXPECT_NE(said.find("imported 2 utterances "), std::string::npos) << said;
  EXPECT_NE(said.find("(--fill-gaps-ms): 1 gap with 19 values in 1 utterance; the longest lasts 95 ms\n"),
            std::string::npos)
      << said;
  EXPECT_NE(said.find("s_good.ema: its values seem to be in 0.01mm"), std::string::npos) << said;
  EXPECT_EQ(lab.says({{"--unit", "inch"}}), "--unit: is \"inch\", expected mm, cm, um or 0.01mm");
  EXPECT_EQ(lab.says({{"--speaker-from", "x"}}), "--speaker-from: is \"x\", expected name or folder");
  EXPECT_EQ(lab.says({{"--trim-ms", "-1"}}), "--trim-ms: is \"-1\", expected a number from 0 to 10000");
  const TableFolder empty("est");
  EXPECT_EQ(empty.says(), empty.path() +
                              ": holds no audio file (.wav, .flac, ...) with an EST track of the same name (.ema) "
                              "beside it; if they are in two folders, name the folders with --audio and --tracks");
}

}  // namespace
}  // namespace cutract
