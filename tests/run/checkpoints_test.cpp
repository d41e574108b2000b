#include "host/run/find_checkpoint.h"

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>

#include "host/core/error.h"
#include "host/core/log.h"
#include "host/io/sha256.h"
#include "host/run/manifest.h"
#include "tests/support/support.h"

namespace cutract {
namespace {

using test::TempFolder;
using Files = Checkpoints::Files;

Files files(int epoch) {
  const std::string n = std::to_string(epoch);
  return {{"model.safetensors", "model of epoch " + n}, {"state.safetensors", std::string("state\0of ", 9) + n}};
}
std::set<std::string> names_in(const std::string& folder) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) names.insert(entry.path().filename());
  return names;
}
std::string flipped(std::string bytes, std::size_t at, int bit) {
  bytes[at] = static_cast<char>(bytes[at] ^ (1 << bit));
  return bytes;
}

TEST(Checkpoints, SavesWhatItReads) {
  const TempFolder run;
  Checkpoints c(real_file_system(), run / "checkpoints", 3);
  EXPECT_FALSE(c.last());
  EXPECT_FALSE(c.best());
  EXPECT_FALSE(c.newest_intact());
  const std::string folder = c.save(7, 0.91239, files(7));
  EXPECT_EQ(folder, run / "checkpoints/epoch=0007-val_loss=0.9124");
  EXPECT_EQ(names_in(folder), (std::set<std::string>{"MANIFEST", "model.safetensors", "state.safetensors"}));
  EXPECT_EQ(read_checkpoint(folder), files(7));
  EXPECT_EQ(c.last(), folder);
  EXPECT_EQ(c.best(), folder);
  EXPECT_EQ(read_file(run / "checkpoints/best"), "epoch=0007-val_loss=0.9124\n");
  const auto loaded = c.newest_intact();
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->epoch, 7);
  EXPECT_EQ(loaded->val_loss, 0.91239);
  EXPECT_EQ(loaded->files, files(7));
}

// The layout on disk is a guarantee; this is version 1.
TEST(Checkpoints, ManifestOfVersionOne) {
  const TempFolder run;
  Checkpoints c(real_file_system(), run / "c", 1);
  const std::string folder = c.save(3, 0.1 + 0.2, {{"a b", "xyz"}});
  const std::string lines =
      "cutract checkpoint, format 1\nepoch 3\nval_loss 0.30000000000000004\nfile 3 " + sha256_hex("xyz") + " a b\n";
  EXPECT_EQ(read_file(folder + "/MANIFEST"), lines + "sha256 " + sha256_hex(lines) + "\n");
}

TEST(Checkpoints, KeepsBestLastAndTopK) {
  const TempFolder run;
  Checkpoints c(real_file_system(), run / "c", 2);
  const double losses[] = {0.9, 0.5, 0.7, 0.6, 0.8};
  for (int e = 0; e < 5; ++e) c.save(e, losses[e], files(e));
  EXPECT_EQ(names_in(run / "c"), (std::set<std::string>{"best", "last", "epoch=0001-val_loss=0.5000",
                                                        "epoch=0003-val_loss=0.6000", "epoch=0004-val_loss=0.8000"}));
  EXPECT_EQ(c.best(), run / "c/epoch=0001-val_loss=0.5000");
  EXPECT_EQ(c.last(), run / "c/epoch=0004-val_loss=0.8000");
}

TEST(Checkpoints, RankingUsesEveryDigit) {
  const TempFolder run;
  Checkpoints c(real_file_system(), run / "c", 1);
  c.save(1, 0.50001, files(1));
  c.save(2, 0.50000001, files(2));  // the same to four digits
  c.save(3, 0.5000001, files(3));
  EXPECT_EQ(c.best(), run / "c/epoch=0002-val_loss=0.5000");
  Checkpoints again(real_file_system(), run / "c", 1);  // also after a restart
  again.save(4, 0.500000005, files(4));
  EXPECT_EQ(again.best(), run / "c/epoch=0004-val_loss=0.5000");
}

TEST(Checkpoints, EqualAndUndefinedLosses) {
  const TempFolder run;
  Checkpoints c(real_file_system(), run / "c", 5);
  c.save(1, std::nan(""), files(1));
  EXPECT_EQ(c.best(), run / "c/epoch=0001-val_loss=nan");
  c.save(2, 0.5, files(2));
  c.save(3, 0.5, files(3));
  c.save(4, std::nan(""), files(4));
  c.save(5, HUGE_VAL, files(5));
  EXPECT_EQ(c.best(), run / "c/epoch=0002-val_loss=0.5000");
}

TEST(Checkpoints, SameNameAgain) {
  const TempFolder run;
  Checkpoints c(real_file_system(), run / "c", 5);
  const std::string first = c.save(1, 0.5, files(1));
  const auto written = std::filesystem::last_write_time(first);
  EXPECT_EQ(c.save(1, 0.5, files(1)), first);  // the same checkpoint: nothing is written
  EXPECT_EQ(std::filesystem::last_write_time(first), written);
  EXPECT_EQ(c.save(1, 0.5, files(2)), first + "-v2");  // a different one: the first is not touched
  EXPECT_EQ(read_checkpoint(first), files(1));
  EXPECT_EQ(read_checkpoint(first + "-v2"), files(2));
  EXPECT_EQ(c.last(), first + "-v2");
  save_atomically(real_file_system(), first + "/model.safetensors", "damaged");
  EXPECT_EQ(c.save(1, 0.5, files(1)), first + "-v3");
}

// A checkpoint inside an epoch is used for resuming, is never the best, and is removed by the next save.
TEST(Checkpoints, InsideAnEpoch) {
  const TempFolder run;
  Checkpoints c(real_file_system(), run / "c", 5);
  EXPECT_EQ(c.save_within(0, 4, files(4)), run / "c/step=0000004");
  EXPECT_FALSE(c.best());
  EXPECT_TRUE(c.any());
  EXPECT_EQ(c.newest_intact()->files, files(4));
  EXPECT_FAULT(find_checkpoint(run / "c"), Fault::io, "c");
  const std::string first = c.save(1, 0.5, files(1));
  EXPECT_EQ(names_in(run / "c"), (std::set<std::string>{"best", "last", "epoch=0001-val_loss=0.5000"}));
  c.save_within(1, 11, files(11));
  c.save_within(1, 13, files(13));
  EXPECT_EQ(names_in(run / "c"), (std::set<std::string>{"best", "last", "epoch=0001-val_loss=0.5000", "step=0000013"}));
  EXPECT_EQ(c.best(), first);
  EXPECT_EQ(c.last(), run / "c/step=0000013");
  run.write("c/last", "");  // without the pointer it is still newer than the epoch that it follows
  EXPECT_EQ(c.newest_intact()->folder, run / "c/step=0000013");
  run.write("c/step=0000013/MANIFEST", "damaged");
  EXPECT_EQ(c.newest_intact()->folder, first);
}

// A save may be cut off between `last` and `best`, and nothing repairs it if it was the run's last one.
TEST(Checkpoints, BestIsPutRightAtTheStart) {
  const TempFolder run;
  Checkpoints c(real_file_system(), run / "c", 3);
  c.save(1, 0.5, files(1));
  const std::string better = c.save(2, 0.3, files(2));
  for (const char* stale : {"epoch=0001-val_loss=0.5000\n", "epoch=0009-val_loss=0.1000\n", ""}) {
    run.write("c/best", stale);
    EXPECT_EQ(Checkpoints(real_file_system(), run / "c", 3).best(), better);
  }
}

// As a run leaves it that is killed before it writes `last` for the first time.
TEST(Checkpoints, LastIsPutRightAtTheStart) {
  const TempFolder run;
  std::string newest;
  {
    Checkpoints c(real_file_system(), run / "c", 3);
    c.save(1, 0.3, files(1));
    newest = c.save(2, 0.5, files(2));
  }
  std::filesystem::remove(run / "c/last");
  EXPECT_EQ(Checkpoints(real_file_system(), run / "c", 3).last(), newest);
  EXPECT_EQ(std::filesystem::read_symlink(run / "last"), "c/" + newest.substr(newest.rfind('/') + 1));
  // Where the newest is damaged, the latest intact one.
  std::filesystem::remove(run / "c/last");
  std::filesystem::resize_file(newest + "/model.safetensors", 3);
  EXPECT_EQ(Checkpoints(real_file_system(), run / "c", 3).last(), run / "c/epoch=0001-val_loss=0.3000");
}

// A real disk that is full.
TEST(Checkpoints, FullDisk) {
  const TempFolder run;
  if (geteuid() != 0 || mount("none", run.path().c_str(), "tmpfs", 0, "size=1m") != 0)
    GTEST_SKIP() << "a tmpfs cannot be mounted here (needs root); the full disk was not tried";
  struct Unmount {
    const std::string& path;
    ~Unmount() { umount2(path.c_str(), MNT_DETACH); }
  } unmount{run.path()};
  Checkpoints c(real_file_system(), run / "c", 3);
  const Files big = {{"model.safetensors", std::string(300 * 1024, 'm')},
                     {"state.safetensors", std::string(300 * 1024, 's')}};
  const std::string folder = c.save(1, 0.5, big);
  EXPECT_FAULT(c.save(2, 0.4, big), Fault::io, "No space left on device; free some space or choose another folder");
  EXPECT_EQ(c.newest_intact()->files, big);
  EXPECT_EQ(c.best(), folder);
  EXPECT_EQ(names_in(run / "c"), (std::set<std::string>{"epoch=0001-val_loss=0.5000", "best", "last"}));
}

TEST(Checkpoints, FileNamesThatCannotBeKept) {
  const TempFolder run;
  Checkpoints c(real_file_system(), run / "c", 5);
  for (const char* name : {"", "MANIFEST", "a/b", "a\nb"})
    EXPECT_FAULT(c.save(1, 1, {{name, "x"}}), Fault::internal, "cannot be one of its files");
  EXPECT_EQ(names_in(run / "c").size(), 0u);
}

// Every bit of every file, every truncation, each missing file.
TEST(ReadCheckpoint, EveryDamageIsFound) {
  const TempFolder run;
  const std::string folder = Checkpoints(real_file_system(), run / "c", 3).save(12, 0.25, files(12));
  int cases = 0;
  for (const auto& name : names_in(folder)) {
    const std::string path = folder + "/" + name, good = read_file(path);
    const auto refused = [&](const std::string& bad) {
      std::filesystem::remove(path);
      run.write("c/epoch=0012-val_loss=0.2500/" + name, bad);
      ++cases;
      const Error e = test::thrown_by([&] { read_checkpoint(folder); });
      const bool version = name == "MANIFEST" && e.fault() == Fault::io;  // a changed digit makes another version of it
      EXPECT_TRUE(e.fault() == Fault::data || version) << e.what();
      EXPECT_TRUE(std::string(e.what()).starts_with(path + ": ")) << e.what();
    };
    for (std::size_t n = 0; n < good.size(); ++n) refused(good.substr(0, n));
    for (std::size_t i = 0; i < good.size(); ++i)
      for (int bit = 0; bit < 8; ++bit) refused(flipped(good, i, bit));
    refused(good + "\n");
    std::filesystem::remove(path);
    EXPECT_FAULT(read_checkpoint(folder), name == "MANIFEST" ? Fault::io : Fault::data, name);
    run.write("c/epoch=0012-val_loss=0.2500/" + name, good);
    EXPECT_EQ(read_checkpoint(folder), files(12));
  }
  EXPECT_GT(cases, 2000);
}

// The same for a checkpoint of 100 kB, at random places and at both ends.
TEST(ReadCheckpoint, SizesAndDigestsOfAllFilesAreChecked) {
  const TempFolder run;
  test::Rng rng(5);
  Files big;
  for (const char* name : {"model.safetensors", "state.safetensors"})
    for (int i = 0; i < 50000; ++i) big[name] += static_cast<char>(rng.below(256));
  const std::string folder = Checkpoints(real_file_system(), run / "c", 3).save(1, 1, big);
  for (const auto& [name, good] : big)
    for (int k = 0; k < 60; ++k) {
      const auto at = k == 0 ? 0 : k == 1 ? good.size() - 1 : static_cast<std::size_t>(rng.below(50000));
      run.write("c/epoch=0001-val_loss=1.0000/" + name, flipped(good, at, rng.below(8)));
      EXPECT_FAULT(read_checkpoint(folder), Fault::data, name + ": its SHA-256 is not the one in MANIFEST");
      run.write("c/epoch=0001-val_loss=1.0000/" + name, good.substr(0, at));
      EXPECT_FAULT(read_checkpoint(folder), Fault::data, "bytes, MANIFEST says 50000");
      run.write("c/epoch=0001-val_loss=1.0000/" + name, good);
    }
}

// The digest in the last line is right; the facts before it are not.
TEST(ReadCheckpoint, AManifestNamesFilesOfItsFolderAndNothingElse) {
  const std::string digest(64, 'a'), title = "cutract checkpoint, format 1\n", facts = "epoch 7\nval_loss 0.5\n";
  const auto sealed = [](const std::string& text) { return text + "sha256 " + sha256_hex(text) + "\n"; };
  const std::string good = sealed(title + facts + "file 3 " + digest + " a\n");
  EXPECT_EQ(parse_manifest(good, "MANIFEST").files.count("a"), 1u);
  for (const std::string& text :
       {facts + "file 3 " + digest + " ../../dev/zero\n", facts + "file 3 " + digest + " ..\n",
        facts + "file 3 " + digest + " \n", facts + "file -3 " + digest + " a\n",
        facts + "file 3 " + digest + " b\nfile 3 " + digest + " a\n", std::string("epoch -7\nval_loss 0.5\n"),
        std::string("epoch 7\nval_loss 0.5 and more\n"), std::string("epoch 7\nval_loss 0.50\n"), facts + "\n"})
    EXPECT_FAULT(parse_manifest(sealed(title + text), "MANIFEST"), Fault::data, "MANIFEST: is truncated or altered");
}

TEST(ReadCheckpoint, WordsForTheUser) {
  const TempFolder run;
  EXPECT_FAULT(read_checkpoint(run / "none"), Fault::io, (run / "none") + ": is not a folder; expected a checkpoint");
  EXPECT_FAULT(read_checkpoint(run.path()), Fault::io, run.path() + ": is not a checkpoint: it has no MANIFEST");
  const std::string folder = Checkpoints(real_file_system(), run / "c", 3).save(1, 1, files(1));
  std::string text = read_file(folder + "/MANIFEST");
  text.replace(text.find("format 1"), 8, "format 7");
  save_atomically(real_file_system(), folder + "/MANIFEST", text);
  EXPECT_FAULT(read_checkpoint(folder), Fault::io,
               "MANIFEST: format version is 7, this program reads 1; use the cutract that wrote it or a newer one");
}

// A damaged checkpoint costs only that checkpoint.
TEST(Checkpoints, ResumeFallsBackToTheLatestIntactOne) {
  const TempFolder run;
  Checkpoints c(real_file_system(), run / "c", 9);
  for (int e = 1; e <= 3; ++e) c.save(e, 1.0 / e, files(e));
  const std::string last = *c.last();
  save_atomically(real_file_system(), last + "/state.safetensors", "state\n");
  testing::internal::CaptureStderr();
  EXPECT_EQ(c.newest_intact()->epoch, 2);
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "warning: skipping checkpoint epoch=0003-val_loss=0.3333: " + last +
                "/state.safetensors: has 6 bytes, MANIFEST says 10; the checkpoint is damaged\n");
  run.write("c/last", "epoch=0099-val_loss=0.0000\n");
  testing::internal::CaptureStderr();
  EXPECT_EQ(c.newest_intact()->epoch, 2);
  EXPECT_FAULT(c.last(), Fault::data, (run / "c/last") + ": does not name a checkpoint in its folder");
  for (const char* bad : {"", "\n", "../../etc\n", "epoch=0001-val_loss=1.0000", "epoch=0001-val_loss=1.0000\nx\n"}) {
    run.write("c/last", bad);
    EXPECT_EQ(c.newest_intact()->epoch, 2);
    EXPECT_FAULT(c.last(), Fault::data, "does not name a checkpoint");
  }
  for (const char* name : {"epoch=0001-val_loss=1.0000", "epoch=0002-val_loss=0.5000"})
    run.write("c/" + std::string(name) + "/model.safetensors", "");
  EXPECT_FAULT(c.newest_intact(), Fault::data, "none of its checkpoints is intact; train again with a different --out");
  testing::internal::GetCapturedStderr();
}

TEST(Checkpoints, DamagedManifestsAreNeverBestNorDeleted) {
  const TempFolder run;
  std::string first;
  {
    Checkpoints c(real_file_system(), run / "c", 1);
    first = c.save(1, 0.1, files(1));
    run.write("c/epoch=0001-val_loss=0.1000/MANIFEST", "nonsense");
  }
  testing::internal::CaptureStderr();
  Checkpoints c(real_file_system(), run / "c", 1);
  for (int e = 2; e < 6; ++e) c.save(e, 1.0 / e, files(e));
  testing::internal::GetCapturedStderr();
  EXPECT_EQ(c.best(), run / "c/epoch=0005-val_loss=0.2000");
  EXPECT_TRUE(std::filesystem::exists(first));
}

TEST(Checkpoints, StaleTemporariesAreRemoved) {
  const TempFolder run;
  run.write("c/.tmp-epoch=0001-val_loss=1.0000/model.safetensors", "half");
  run.write("c/last.tmp", "x");
  run.write("c/best.tmp", "x");
  run.write("c/notes.txt", "mine");
  Checkpoints(real_file_system(), run / "c", 1);
  EXPECT_EQ(names_in(run / "c"), std::set<std::string>{"notes.txt"});
}

// Ten thousand random histories, for the function that chooses what to keep.
TEST(Surplus, NeverBestNorLastNorTheTopK) {
  test::Rng rng(21);
  for (int round = 0; round < 10000; ++round) {
    const int keep = rng.below(5), n = 1 + rng.below(12);
    std::vector<Ranked> all;
    std::string best;
    double lowest = HUGE_VAL;
    for (int e = 0; e < n; ++e) {
      const double loss = rng.below(8) == 0 ? std::nan("") : rng.below(3) == 0 ? 0.5 : rng.uniform();
      all.push_back({"epoch=" + std::to_string(e), e, loss});
      if (best.empty() || loss < lowest) {
        best = all.back().name;
        lowest = std::isnan(loss) ? HUGE_VAL : loss;
      }
      const auto gone = surplus(all, all.back().name, best, keep);
      std::vector<Ranked> kept;
      for (const auto& r : all)
        if (std::find(gone.begin(), gone.end(), r.name) == gone.end()) kept.push_back(r);
      const auto is_kept = [&](const std::string& name) {
        return std::any_of(kept.begin(), kept.end(), [&](const Ranked& r) { return r.name == name; });
      };
      ASSERT_TRUE(is_kept(best)) << round;
      ASSERT_TRUE(is_kept(all.back().name)) << round;
      ASSERT_LE(kept.size(), static_cast<std::size_t>(keep) + 2);
      ASSERT_GE(kept.size(), std::min<std::size_t>(all.size(), static_cast<std::size_t>(keep)));
      // No removed checkpoint is better than one that was kept for its rank.
      int better = 0;
      for (const auto& name : gone) {
        const auto& lost = *std::find_if(all.begin(), all.end(), [&](const Ranked& r) { return r.name == name; });
        better = 0;
        for (const auto& r : all)
          better += std::isnan(lost.val_loss) || r.val_loss <= lost.val_loss ? r.name != name : 0;
        ASSERT_GE(better, keep) << round;
      }
      all = kept;
    }
  }
}

TEST(FindCheckpoint, EveryWayToNameOne) {
  const TempFolder run;
  Checkpoints c(real_file_system(), run / "checkpoints", 3);
  const std::string best = c.save(1, 0.5, files(1)), last = c.save(2, 0.7, files(2));
  for (const std::string& model : {run.path(), run.path() + "/", run / "checkpoints", run / "checkpoints/best", best,
                                   best + "/", best + "/model.safetensors"})
    EXPECT_EQ(find_checkpoint(model), best) << model;
  for (const std::string& model : {run / "checkpoints/last", last, last + "/model.safetensors"})
    EXPECT_EQ(find_checkpoint(model), last) << model;
}

TEST(FindCheckpoint, WordsForTheUser) {
  const TempFolder run;
  EXPECT_FAULT(find_checkpoint(run / "gone"), Fault::io,
               (run / "gone") + ": not found; expected a run folder, a checkpoint or a .safetensors file");
  EXPECT_FAULT(find_checkpoint(run.path()), Fault::io,
               run.path() + ": is neither a run folder (no checkpoints/) nor a checkpoint (no MANIFEST)");
  Checkpoints c(real_file_system(), run / "checkpoints", 3);
  EXPECT_FAULT(find_checkpoint(run.path()), Fault::io,
               run.path() + ": this run has not finished an epoch yet; train it first");
  const std::string lone = run.write("model.safetensors", "x");
  EXPECT_EQ(find_checkpoint(lone), lone) << "a model file stands alone";
  const std::string other = run.write("model.pt", "x");
  EXPECT_FAULT(find_checkpoint(other), Fault::io, other + ": is not a run folder, checkpoint or .safetensors file");
  run.write("checkpoints/best", "epoch=0001-val_loss=1.0000\n");
  EXPECT_FAULT(find_checkpoint(run.path()), Fault::io,
               (run / "checkpoints/best") + ": does not name a checkpoint in its folder");
}

}  // namespace
}  // namespace cutract
