// An import into a folder that holds an earlier import's corpus.
#include "host/corpus/import_target.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "host/corpus/corpus.h"
#include "host/corpus/importers.h"
#include "host/io/atomic_file.h"
#include "tests/corpus/stem_folder.h"
#include "tests/support/support.h"

namespace cutract {
namespace {

namespace fs = std::filesystem;
using test::import_stem_e2va;

// An imported corpus with two files and a folder of the user's in it.
class ImportTargetTest : public testing::Test {
 protected:
  ImportTargetTest() {
    make_folder(to_.path());
    import_stem_e2va(stem_.path(), out_);
    keep("notes.txt");
    keep("audio/more/song.wav");
    make_folder(out_ + "/empty");
  }
  void keep(const std::string& name) const {
    make_folder(folder_of(out_ + "/" + name));
    save_atomically(real_file_system(), out_ + "/" + name, name);
  }
  void expect_all_there() const {
    const Corpus corpus = read_corpus(out_);
    EXPECT_GE(corpus.utterances.size(), 3u);
    for (const Utterance& u : corpus.utterances) EXPECT_FALSE(read_recording(corpus, u).samples.empty()) << u.id;
  }
  void expect_users_files() const {
    for (const std::string name : {"notes.txt", "audio/more/song.wav"}) {
      ASSERT_TRUE(fs::exists(out_ + "/" + name)) << name;
      EXPECT_EQ(read_file(out_ + "/" + name), name);
    }
    EXPECT_TRUE(fs::is_directory(out_ + "/empty"));
  }
  // Names beside the corpus.
  std::vector<std::string> beside() const {
    std::vector<std::string> names;
    for (const auto& e : fs::directory_iterator(to_.path()))
      if (e.path() != out_) names.push_back(e.path().filename().string());
    return names;
  }
  test::StemFolder stem_;
  test::TempFolder to_;
  std::string out_ = to_ / "corpus";
};

TEST_F(ImportTargetTest, TheNewCorpusTakesThePlaceAndTheUsersFilesStay) {
  stem_.add("DPIA05", "DP", "train", "05");
  stem_.save();
  import_stem_e2va(stem_.path(), out_);
  EXPECT_EQ(read_corpus(out_).utterances.size(), 4u);
  expect_all_there();
  expect_users_files();
  EXPECT_EQ(beside(), std::vector<std::string>{});
  for (const char* name : {"/.import", "/.lock"}) EXPECT_FALSE(fs::exists(out_ + name)) << name;
}

TEST_F(ImportTargetTest, AnUtteranceThatIsGoneFromTheSourceIsGoneFromTheCorpus) {
  fs::remove(stem_ / "ema/CXYNE02.mat");
  testing::internal::CaptureStderr();
  EXPECT_EQ(import_stem_e2va(stem_.path(), out_).skipped, 1);
  testing::internal::GetCapturedStderr();
  EXPECT_FALSE(fs::exists(out_ + "/audio/CXYNE02.flac"));
  expect_users_files();
}

TEST_F(ImportTargetTest, AFailureKeepsTheEarlierCorpus) {
  {
    ImportTarget target(out_);
    const std::string folder = target.begin();
    EXPECT_NE(folder, out_);
    save_atomically(real_file_system(), folder + "/audio/half.flac", "half");
    expect_all_there();
  }
  expect_all_there();
  expect_users_files();
  EXPECT_EQ(beside(), std::vector<std::string>{});
}

// Killed before anything is exchanged, while the new corpus is written, and after the exchange.
TEST_F(ImportTargetTest, AKilledImportLeavesACorpusAndTheNextOneTidiesUp) {
  const std::string earlier = read_corpus(out_).hash;
  stem_.add("DPIA05", "DP", "train", "05");
  stem_.save();
  bool killed = false, before = false;
  for (useconds_t wait = 0; wait <= 100000; wait += 2000) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      if (freopen("/dev/null", "w", stderr) == nullptr) _exit(3);
      import_stem_e2va(stem_.path(), out_);
      _exit(0);
    }
    usleep(wait);
    kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    killed = killed || WIFSIGNALED(status);
    before = before || read_corpus(out_).hash == earlier;
    expect_all_there();
  }
  EXPECT_TRUE(killed && before);
  import_stem_e2va(stem_.path(), out_);
  expect_all_there();
  expect_users_files();
  EXPECT_EQ(beside(), std::vector<std::string>{});
}

TEST_F(ImportTargetTest, WhatAKillAfterTheExchangeLeftIsPutAway) {
  const std::string hidden = to_ / ".corpus.import-0123456789abcdef";
  fs::rename(out_, hidden);
  import_stem_e2va(stem_.path(), out_);  // the new corpus, which has none of the user's files yet
  ASSERT_FALSE(fs::exists(out_ + "/notes.txt"));
  import_stem_e2va(stem_.path(), out_);
  expect_all_there();
  expect_users_files();
  EXPECT_EQ(beside(), std::vector<std::string>{});
}

// Where two folders cannot be exchanged in one step, the earlier one is elsewhere for a moment.
TEST_F(ImportTargetTest, AnEarlierCorpusThatWasMovedAsideComesBack) {
  fs::rename(out_, to_ / ".corpus.earlier-0123456789abcdef");
  fs::remove_all(stem_ / "ema");
  testing::internal::CaptureStderr();
  EXPECT_THROW(import_stem_e2va(stem_.path(), out_), Error);
  testing::internal::GetCapturedStderr();
  expect_all_there();
  expect_users_files();
}

TEST_F(ImportTargetTest, AFolderOfTheSameKindOfNameIsLeftAlone) {
  make_folder(to_ / ".corpus.import-notes");
  save_atomically(real_file_system(), to_ / ".corpus.import-notes/a", "a");
  import_stem_e2va(stem_.path(), out_);
  EXPECT_EQ(beside(), std::vector<std::string>{".corpus.import-notes"});
}

TEST_F(ImportTargetTest, AnotherImportsUnfinishedFolderIsLeftAlone) {
  ImportTarget other(out_);
  const std::string folder = other.begin();
  const pid_t child = fork();  // a lock is between processes
  if (child == 0) {
    if (freopen("/dev/null", "w", stderr) == nullptr) _exit(3);
    import_stem_e2va(stem_.path(), out_);
    _exit(0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(fs::exists(folder + "/.import"));
  expect_all_there();
}

TEST_F(ImportTargetTest, AFileOfTheUsersWhoseNameTheNewCorpusUsesIsKept) {
  fs::remove(out_ + "/audio/CXYNE01.flac");
  keep("audio/DPIA05.flac");
  stem_.add("DPIA05", "DP", "train", "05");
  stem_.save();
  testing::internal::CaptureStderr();
  import_stem_e2va(stem_.path(), out_);
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_NE(said.find("holds files of the earlier corpus whose names the new one uses"), std::string::npos) << said;
  ASSERT_EQ(beside().size(), 1u);
  EXPECT_EQ(read_file(to_ / (beside()[0] + "/audio/DPIA05.flac")), "audio/DPIA05.flac");
  expect_all_there();
}

}  // namespace
}  // namespace cutract
