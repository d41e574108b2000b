#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <numbers>

#include "host/core/error.h"
#include "host/corpus/corpus.h"
#include "host/corpus/importers.h"
#include "host/corpus/lowpass.h"
#include "host/io/atomic_file.h"
#include "host/io/audio.h"
#include "tests/corpus/stem_folder.h"
#include "tests/support/support.h"

namespace cutract {
namespace {

using test::import_stem_e2va;
using test::kColumns;
using test::kFrames;
using test::position;
using test::StemFolder;
using test::TempFolder;

TEST(ImportStemE2va, MakesACorpus) {
  const StemFolder stem;
  const ImportReport report = import_stem_e2va(stem.path(), stem.out());
  EXPECT_EQ(report.done, 3);
  EXPECT_EQ(report.skipped, 0);
  EXPECT_NEAR(report.seconds, 1.2, 1e-9);

  const Corpus c = read_corpus(stem.out());
  EXPECT_EQ(c.name, "stem-e2va");
  EXPECT_EQ(c.sample_rate, 16000);
  EXPECT_EQ(c.articulation_rate_hz, 250);
  std::string channels;
  for (const auto& channel : c.channels) channels += channel.name + " " + channel.unit + " ";
  EXPECT_EQ(channels,
            "ul_x mm ul_z mm ll_x mm ll_z mm lc_x mm lc_z mm rc_x mm rc_z mm tr_x mm tr_z mm tm_x mm tm_z mm tt_x mm "
            "tt_z mm ");
  ASSERT_EQ(c.utterances.size(), 3u);
  EXPECT_EQ(c.utterances[2].id, "DPIA04");
  EXPECT_EQ(c.utterances[2].speaker, "DP");
  EXPECT_EQ(c.utterances[2].split, "test");
  EXPECT_EQ(c.utterances[2].text, "04");
  EXPECT_EQ(c.utterances[2].extra, (std::vector<std::pair<std::string, std::string>>{{"emotion", "NE"}}));
  EXPECT_FALSE(std::filesystem::exists(stem.out() + "/.import"));

  const Recording r = read_recording(c, c.utterances[0]);
  EXPECT_EQ(r.samples.size(), 6400u);
  ASSERT_EQ(r.track.values.rows, kFrames);
  // Column 2 s of the result is x of sensor s, column 2 s + 1 its z: columns 6 s and 6 s + 2 of the source, smoothed.
  for (int p = 0; p < 14; ++p) {
    std::vector<double> want;
    for (int t = 0; t < kFrames; ++t) want.push_back(position(t, p / 2 * 6 + p % 2 * 2));
    lowpass_zero_phase(want, 250, 20, 5);
    std::vector<float> got;
    for (int t = 0; t < kFrames; ++t) got.push_back(r.track.values.row(t)[p]);
    EXPECT_REL_L2(got, want, 1e-6) << p;
  }
  // The tone is the same tone at the new rate.
  std::vector<float> got(r.samples.begin() + 1000, r.samples.end() - 1000), want;
  for (int i = 1000; i < 5400; ++i)
    want.push_back(0.3f * static_cast<float>(std::sin(2 * std::numbers::pi * 440 * i / 16000)));
  EXPECT_REL_L2(got, want, 2e-4);
}

TEST(ImportStemE2va, SameSourceSameBytes) {
  const StemFolder stem;
  import_stem_e2va(stem.path(), stem.out());
  import_stem_e2va(stem.path(), stem / "again");
  EXPECT_EQ(read_corpus(stem.out()).hash, read_corpus(stem / "again").hash);
  for (const char* file : {"/audio/CXYNE01.flac", "/articulation/CXYNE01.npy"})
    EXPECT_EQ(read_file(stem.out() + file), read_file((stem / "again") + file));
}

TEST(ImportStemE2va, BadUtterancesAreSkippedWithTheirReason) {
  const struct {
    std::function<void(const StemFolder&)> spoil;
    std::string words;
  } cases[] = {
      {[](auto& s) { std::filesystem::remove(s / "audio/CXYNE02.flac"); },
       "audio/CXYNE02.flac: cannot read: No such file"},
      {[](auto& s) { std::filesystem::remove(s / "ema/CXYNE02.mat"); }, "ema/CXYNE02.mat: cannot read: No such file"},
      {[](auto& s) { s.audio("CXYNE02", 24000); },
       "ema/CXYNE02.mat: lasts 0.400 s, its audio "
       "PATH"
       "/audio/CXYNE02.flac 0.500 s; expected the same within 20 ms"},
      {[](auto& s) { s.ema("CXYNE02", "CXYNE02", kFrames, 41); },
       "ema/CXYNE02.mat: has 41 columns, expected 42 (7 sensors of x, y, z, phi, theta, rms)"},
      {[](auto& s) { s.ema("CXYNE02", "other", kFrames, kColumns); },
       "ema/CXYNE02.mat: has no variable \"CXYNE02\"; it has: other"},
  };
  for (const auto& c : cases) {
    const StemFolder stem;
    c.spoil(stem);
    testing::internal::CaptureStderr();
    const ImportReport report = import_stem_e2va(stem.path(), stem.out());
    const std::string said = testing::internal::GetCapturedStderr();
    std::string words = stem.path() + "/" + c.words;
    if (const auto at = words.find("PATH"); at != std::string::npos) words.replace(at, 4, stem.path());
    EXPECT_NE(said.find("warning: skipped CXYNE02: " + words), std::string::npos) << said;
    EXPECT_NE(said.find("imported 2 utterances (0.0 min) into " + stem.out() + ", 1 skipped"), std::string::npos)
        << said;
    EXPECT_EQ(report.done, 2);
    EXPECT_EQ(report.skipped, 1);
    EXPECT_EQ(read_corpus(stem.out()).utterances.size(), 2u);
  }
}

TEST(ImportStemE2va, ShortGapsAreFilledAndCounted) {
  const StemFolder stem;
  stem.ema("CXYNE02", "CXYNE02", kFrames, kColumns, 33);
  EXPECT_EQ(import_stem_e2va(stem.path(), stem.out()).gaps.values, 1);
  testing::internal::CaptureStderr();
  const ImportReport report = importer_named("stem-e2va").run({stem.path(), stem.out(), {{"--fill-gaps-ms", "3"}}});
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_NE(said.find("(--fill-gaps-ms): 1 gap with 1 value in 1 utterance; the longest lasts 4 ms\n"),
            std::string::npos)
      << said;
  EXPECT_EQ(report.skipped, 0);
  EXPECT_EQ(report.left.values, 1);
}

// The layout that the authors publish: ID.wav and ID.mat in any folders, and no manifest.
TEST(ImportStemE2va, ReadsPairsWithoutAManifest) {
  const StemFolder made;
  const TempFolder stem;
  const auto put = [&](const std::string& from, const std::string& to) { stem.write(to, read_file(made / from)); };
  const auto pair = [&](const std::string& id, const std::string& folder) {
    made.ema(id, id, kFrames, kColumns);
    put("audio/CXYNE01.flac", folder + id + ".flac");
    put("ema/" + id + ".mat", folder + id + ".mat");
  };
  pair("CXYIA03", "CXY/anger/");
  pair("CXYMJ12", "CXY/joy/");
  pair("DPNE15", "");
  pair("DPNE09", "DP/");
  pair("abcdNE02", "x/y/z/");
  Audio wav{22050, std::vector<float>(8820, 0.1F)};
  write_audio(stem.path() + "/ABNE05.wav", wav);
  std::filesystem::rename(stem.path() + "/ABNE05.wav", stem.path() + "/ABNE05.WAV");
  made.ema("ABNE05", "ABNE05", kFrames, kColumns);
  put("ema/ABNE05.mat", "mats/ABNE05.MAT");
  stem.write("README.txt", "not data");
  put("ema/CXYNE01.mat", "CXYNE01.mat");      // without audio
  put("audio/CXYNE02.flac", "CXYNE02.flac");  // without movement
  put("audio/CXYNE02.flac", "palate.flac");   // belongs to no utterance
  pair("DPNE01", "a/");
  put("audio/CXYNE02.flac", "b/DPNE01.flac");  // two files with the same name
  testing::internal::CaptureStderr();
  const ImportReport report = import_stem_e2va(stem.path(), made.out());
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_EQ(report.done, 6) << said;
  for (const char* words :
       {"skipped CXYNE01: ", "CXYNE01.mat: has no audio file CXYNE01.wav",
        "CXYNE02.flac: has no movement file CXYNE02.mat", "skipped palate: its name is not a speaker, two letters",
        "skipped DPNE01: several files have this name"})
    EXPECT_NE(said.find(words), std::string::npos) << words << said;
  std::string rows;
  for (const Utterance& u : read_corpus(made.out()).utterances)
    rows += u.id + " " + u.speaker + " " + u.extra.at(0).second + " " + u.text + " " + u.split + "\n";
  EXPECT_EQ(rows,
            "ABNE05 AB NE 05 train\nCXYIA03 CXY IA 03 train\nCXYMJ12 CXY MJ 12 val\nDPNE09 DP NE 09 test\n"
            "DPNE15 DP NE 15 test\nabcdNE02 abcd NE 02 val\n");
  const TempFolder empty;
  EXPECT_FAULT(import_stem_e2va(empty.path(), empty / "out"), Fault::data,
               "holds no pair of ID.wav (or .flac) and ID.mat");
}

// Every published id has the speaker's sex: CXYFNE04. It is no part of the speaker.
TEST(ImportStemE2va, TheSexInTheIdIsNotPartOfTheSpeaker) {
  const StemFolder made;
  const auto speakers = [&](const std::vector<std::string>& ids) {
    const TempFolder stem;
    for (const std::string& id : ids) {
      made.ema(id, id, kFrames, kColumns);
      stem.write(id + ".flac", read_file(made / "audio/CXYNE01.flac"));
      stem.write(id + ".mat", read_file(made / ("ema/" + id + ".mat")));
    }
    import_stem_e2va(stem.path(), stem / "out");
    std::string all;
    for (const Utterance& u : read_corpus(stem / "out").utterances) all += u.speaker + " " + u.extra.at(0).second + ",";
    return all;
  };
  EXPECT_EQ(speakers({"CXYFIA01", "CXYFMJ02", "DPMNE01"}), "CXY IA,CXY MJ,DP NE,");
  EXPECT_EQ(speakers({"CXYFIA01", "DPNE01"}), "CXYF IA,DP NE,");  // not every id has it
  EXPECT_EQ(speakers({"LFIA01", "LMIA01"}), "LF IA,LM IA,");      // they would become one speaker
  EXPECT_EQ(speakers({"FIA01", "MIA01"}), "F IA,M IA,");
}

TEST(ImportStemE2va, NothingToImportIsAnError) {
  const StemFolder stem;
  std::filesystem::remove_all(stem / "ema");
  testing::internal::CaptureStderr();
  EXPECT_FAULT(import_stem_e2va(stem.path(), stem.out()), Fault::data,
               stem.path() + ": none of its utterances could be imported");
  testing::internal::GetCapturedStderr();
  EXPECT_FALSE(std::filesystem::exists(stem.out() + "/corpus.toml"));
}

TEST(ImportStemE2va, BadManifestIsRefusedBeforeAnythingIsWritten) {
  const StemFolder stem;
  const std::string header = "id\tspeaker\temotion\ttext\tsplit\taudio\tema\n", row = "a\ts\tNE\t01\ttrain\tx\tx\n";
  const struct {
    std::string text, words;
  } cases[] = {
      {"id\tspeaker\n", "/manifest.tsv:1: column \"emotion\" is missing"},
      {header, "/manifest.tsv:1: lists no utterances"},
      {header + row + row, "/manifest.tsv:3: duplicate id \"a\""},
      {header + "a\t\tNE\t01\ttrain\tx\tx\n", "/manifest.tsv:2: speaker is empty"},
      {header + "..\ts\tNE\t01\ttrain\tx\tx\n", "/manifest.tsv:2: id \"..\" cannot name a file"},
      {header + "a\x1b\ts\tNE\t01\ttrain\tx\tx\n", "/manifest.tsv:2: id \"a\x1b\" cannot name a file"},
      {header + "../a\ts\tNE\t01\ttrain\tx\tx\n", "/manifest.tsv:2: id \"../a\" cannot name a file"},
  };
  for (const auto& c : cases) {
    stem.manifest(c.text);
    EXPECT_FAULT(import_stem_e2va(stem.path(), stem.out()), Fault::data, stem.path() + c.words);
    EXPECT_FALSE(std::filesystem::exists(stem.out()));
  }
  EXPECT_FAULT(import_stem_e2va(stem / "nowhere", stem.out()), Fault::io, "nowhere: cannot read: No such file");
}

TEST(ImportStemE2va, AForeignFolderIsNotTouched) {
  const StemFolder stem;
  make_folder(stem.out());
  save_atomically(real_file_system(), stem.out() + "/thesis.txt", "years of work");
  EXPECT_FAULT(import_stem_e2va(stem.path(), stem.out()), Fault::io,
               stem.out() + ": is neither empty nor a cutract corpus; name a new folder with --out");
  EXPECT_EQ(read_file(stem.out() + "/thesis.txt"), "years of work");
  EXPECT_FALSE(std::filesystem::exists(stem.out() + "/audio"));
}

TEST(ImportStemE2va, ACorpusMadeByHandIsNotTouched) {
  const StemFolder stem;
  make_folder(stem.out());
  const std::pair<const char*, const char*> files[] = {{"/corpus.toml", "name = \"mine\"\n"},
                                                       {"/manifest.tsv", "id\n"}};
  for (const auto& [name, text] : files) save_atomically(real_file_system(), stem.out() + name, text);
  EXPECT_FAULT(
      import_stem_e2va(stem.path(), stem.out()), Fault::io,
      stem.out() + ": holds a corpus that was not made by cutract corpus import; name a new folder with --out");
  for (const auto& [name, text] : files) EXPECT_EQ(read_file(stem.out() + name), text);
  EXPECT_FALSE(std::filesystem::exists(stem.out() + "/audio"));
}

// A source without any good utterance leaves the earlier corpus as it was, and the folder can be used again.
TEST(ImportStemE2va, ABrokenSourceLeavesTheEarlierCorpus) {
  const StemFolder stem;
  testing::internal::CaptureStderr();
  std::filesystem::rename(stem / "ema", stem / "away");
  EXPECT_FAULT(import_stem_e2va(stem.path(), stem.out()), Fault::data, "none of its utterances could be imported");
  std::filesystem::rename(stem / "away", stem / "ema");
  import_stem_e2va(stem.path(), stem.out());
  const std::string before = read_corpus(stem.out()).hash;
  std::filesystem::remove_all(stem / "ema");
  EXPECT_FAULT(import_stem_e2va(stem.path(), stem.out()), Fault::data, "none of its utterances could be imported");
  testing::internal::GetCapturedStderr();
  EXPECT_EQ(read_corpus(stem.out()).hash, before);
  EXPECT_EQ(read_recording(read_corpus(stem.out()), read_corpus(stem.out()).utterances[0]).samples.empty(), false);
}

TEST(ImportStemE2va, FollowsNoLink) {
  const StemFolder stem;
  make_folder(stem / "precious");
  make_folder(stem.out());
  save_atomically(real_file_system(), stem.out() + "/.import", "");
  std::filesystem::create_symlink(stem / "precious", stem.out() + "/audio");
  EXPECT_FAULT(import_stem_e2va(stem.path(), stem.out()), Fault::io, stem.out() + "/audio: is a symbolic link");
  EXPECT_TRUE(std::filesystem::is_empty(stem / "precious"));
}

TEST(ImportStemE2va, AFailedImportLeavesNoCorpusAndCanBeRepeated) {
  const StemFolder stem;
  make_folder(stem.out() + "/articulation/CXYNE02.npy/in_the_way");
  save_atomically(real_file_system(), stem.out() + "/.import", "");  // of an earlier import that was killed
  EXPECT_FAULT(import_stem_e2va(stem.path(), stem.out()), Fault::io, "CXYNE02.npy: cannot rename");
  EXPECT_FALSE(std::filesystem::exists(stem.out() + "/corpus.toml"));
  EXPECT_FALSE(std::filesystem::exists(stem.out() + "/manifest.tsv"));
  std::filesystem::remove_all(stem.out() + "/articulation/CXYNE02.npy");
  EXPECT_EQ(import_stem_e2va(stem.path(), stem.out()).done, 3);
  EXPECT_EQ(read_corpus(stem.out()).utterances.size(), 3u);
}

TEST(ImportStemE2vaReal, TheWholeCorpus) {
  const char* shared = std::getenv("CUTRACT_SHARED_DATA");
  const std::string source = (shared ? std::string(shared) : CUTRACT_SOURCE_DIR "/../shared/data") + "/stem-e2va";
  if (!std::filesystem::exists(source + "/manifest.tsv"))
    GTEST_SKIP() << source << " is not there (CUTRACT_SHARED_DATA names its parent); the real corpus was not imported";
  const TempFolder folder;
  const ImportReport report = import_stem_e2va(source, folder / "out");
  EXPECT_EQ(report.done, 223);
  EXPECT_EQ(report.skipped, 0);
  EXPECT_NEAR(report.seconds, 768.1, 0.1);
  const Corpus c = read_corpus(folder / "out");
  EXPECT_EQ(c.splits(), (std::set<std::string>{"test", "train", "val"}));
  EXPECT_EQ(c.split("train").size() + c.split("val").size() + c.split("test").size(), 223u);
  std::set<std::string> speakers;
  for (const auto& u : c.utterances) {
    const Recording r = read_recording(c, u);
    speakers.insert(u.speaker);
    for (const float v : r.track.values.values) ASSERT_LT(std::abs(v), 200) << u.id;  // mm in a mouth
  }
  EXPECT_EQ(speakers, (std::set<std::string>{"CXY", "DP"}));
  // The same corpus is made from the files alone, as the authors publish them.
  std::filesystem::create_directory(folder / "pairs");
  for (const auto& e : std::filesystem::recursive_directory_iterator(source))
    if (e.is_regular_file() && e.path().filename() != "manifest.tsv")
      std::filesystem::create_symlink(e.path(), folder / ("pairs/" + e.path().filename().string()));
  EXPECT_EQ(import_stem_e2va(folder / "pairs", folder / "again").done, 223);
  EXPECT_EQ(read_corpus(folder / "again").hash, c.hash);
}

}  // namespace
}  // namespace cutract
