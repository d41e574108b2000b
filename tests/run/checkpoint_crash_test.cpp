// The guarantees of checkpoints when calls fail or the power is cut, on a simulated disk.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <optional>

#include "host/core/error.h"
#include "host/run/checkpoints.h"
#include "host/run/manifest.h"
#include "tests/io/model_disk.h"

namespace cutract {
namespace {

using test::FailCase;
using test::ModelDisk;
using Files = Checkpoints::Files;
constexpr const char* kFolder = "run/checkpoints";

Files files(int epoch) {
  return {{"model", "model of epoch " + std::to_string(epoch)}, {"state", "state of epoch " + std::to_string(epoch)}};
}

struct Epoch {
  int number;
  double val_loss;
};
const std::vector<Epoch> kBefore = {{1, 0.5}, {2, 0.9}, {3, 0.8}};  // best 1, last 3

// A run whose epochs kBefore are saved.
ModelDisk saved_before() {
  static const ModelDisk saved = [] {
    ModelDisk disk;
    Checkpoints c(disk, kFolder, 1);
    for (const Epoch& e : kBefore) c.save(e.number, e.val_loss, files(e.number));
    flush_folder(disk, kFolder);  // late removals are not the subject of this test
    disk.count_from_here();
    return disk;
  }();
  return saved;
}

// The epoch of the intact checkpoint that `last` or `best` names, 0 if there is none.
int epoch_at(ModelDisk& disk, const std::optional<std::string>& folder) {
  if (!folder) return 0;
  const Files got = read_checkpoint(disk, *folder);
  for (int e = 1; e <= 9; ++e)
    if (got == files(e)) return e;
  return -1;
}

using Save = std::function<void(FileSystem&, const Epoch&)>;
void right(FileSystem& fs, const Epoch& e) { Checkpoints(fs, kFolder, 1).save(e.number, e.val_loss, files(e.number)); }

// Checks that a disk, as found after the crash, holds a whole run. `done`: the save of `e` was reported as done.
std::string what_is_wrong(ModelDisk disk, const Epoch& e, bool done) {
  const int new_best = e.val_loss < 0.5 ? e.number : 1;
  try {
    remove_stale_temporaries(disk, "run");  // what the next run does first
    Checkpoints c(disk, kFolder, 1);
    const int last = epoch_at(disk, c.last()), best = epoch_at(disk, c.best());
    if (last != 3 && last != e.number) return "last is neither the old nor the new one";
    if (best != 1 && best != new_best) return "best is neither the old nor the new one";
    if (done && (last != e.number || best != new_best)) return "saved, but lost";
    for (const auto& [link, folder] : {std::pair{"last", c.last()}, {"best", c.best()}}) {
      std::string target;
      if (disk.read_link(std::string("run/") + link, target) < 0 || "run/" + target != folder)
        return std::string("the link ") + link + " is not where the pointer is";
    }
    if (c.newest_intact()->epoch != last) return "resumes from another one than last";
    for (const auto& path : disk.tree()) {
      if (path.find("tmp") != std::string::npos) return "leaves " + path;
      const std::string under = std::string(kFolder) + "/epoch=";
      if (path.starts_with(under) && path.find('/', under.size()) == std::string::npos) read_checkpoint(disk, path);
    }
  } catch (const Error& error) { return std::string("is damaged: ") + error.what(); }
  return "";
}

std::string broken_promise(const Save& save, const Epoch& e, int call, const FailCase& c) {
  ModelDisk disk = saved_before();
  disk.fail_call(call, c.how, c.err, c.for_good);
  bool threw = false;
  try {
    save(disk, e);
  } catch (const Error& error) {
    threw = true;
    if (error.fault() != Fault::io) return std::string("wrong fault: ") + error.what();
  }
  for (ModelDisk found : disk.after_power_loss()) {
    found.heal();
    if (const auto wrong = what_is_wrong(std::move(found), e, !threw && !disk.dead()); !wrong.empty())
      return "after a power cut: " + wrong;
  }
  if (disk.dead()) return "";
  if (disk.open_files() != 0) return "leaks a descriptor";
  disk.heal();
  const auto is_temporary = [](const std::string& path) { return path.find("tmp") != std::string::npos; };
  const auto tree = disk.tree();
  if (threw && !c.for_good && std::any_of(tree.begin(), tree.end(), is_temporary))
    return "failed, and leaves a temporary";
  for (const char* name : {"/epoch=0001-val_loss=0.5000", "/epoch=0003-val_loss=0.8000"}) {
    std::vector<std::string> ignored;
    if (threw && disk.list(std::string(kFolder) + name, ignored) < 0)
      return "failed, but an earlier checkpoint is gone";
  }
  return what_is_wrong(disk, e, !threw);
}

// Every call in turn, failing in every way, for a new best and for one that is not.
std::string first_broken_promise(const Save& save, int* cases = nullptr) {
  testing::internal::CaptureStderr();  // warnings about what could not be removed
  std::string broken;
  for (const Epoch& e : {Epoch{4, 0.7}, Epoch{4, 0.3}}) {
    ModelDisk disk = saved_before();
    save(disk, e);
    const int calls = disk.calls();
    for (int call = 0; call <= calls && broken.empty(); ++call)
      for (const FailCase& c : test::kFailCases) {
        if (cases) ++*cases;
        broken = broken_promise(save, e, call, c);
        if (!broken.empty()) {
          broken +=
              std::string(" (") + c.text + " at call " + std::to_string(call) + " of " + std::to_string(calls) + ")";
          break;
        }
      }
  }
  testing::internal::GetCapturedStderr();
  return broken;
}

TEST(CheckpointCrash, AllOldOrAllNew) {
  int cases = 0;
  EXPECT_EQ(first_broken_promise(right, &cases), "");
  RecordProperty("cases", cases);
  EXPECT_GT(cases, 400);
}

// A failed save can be tried again on the same disk.
TEST(CheckpointCrash, TryingAgainWorks) {
  const Epoch e{4, 0.3};
  ModelDisk counted = saved_before();
  right(counted, e);
  testing::internal::CaptureStderr();
  for (int call = 1; call <= counted.calls(); ++call)
    for (const FailCase& c : test::kFailCases) {
      if (c.for_good) continue;
      ModelDisk disk = saved_before();
      disk.fail_call(call, c.how, c.err, false);
      try {
        right(disk, e);
      } catch (const Error&) {
        disk.heal();
        right(disk, e);
      }
      disk.heal();
      EXPECT_EQ(what_is_wrong(disk, e, true), "") << c.text << " at call " << call;
    }
  testing::internal::GetCapturedStderr();
}

// The bugs that this test must find, made by leaving steps out of an otherwise correct save.
struct Plan {
  bool rename = true, loop = true, sync_files = true, sync_late = false, sync_folder = true, sync_parent = true,
       pointers_atomic = true, last_first = false, delete_first = false;
};

void write_faulty(FileSystem& fs, const std::string& path, const std::string& bytes, const Plan& plan) {
  int fd = fs.create(path);
  if (fd < 0 && errno == EEXIST) fd = fs.open_in_place(path);
  if (fd < 0) fail(Fault::io, "create");
  std::string_view left = bytes;
  bool bad = false;
  do {
    const ssize_t n = fs.write(fd, left.data(), left.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0)
      bad = true;
    else
      left.remove_prefix(static_cast<std::size_t>(n));
  } while (plan.loop && !bad && !left.empty());
  if (!bad && plan.sync_files && fs.fsync(fd) < 0) bad = true;
  if (fs.close(fd) < 0) bad = true;
  if (bad) fail(Fault::io, "write");
}

void faulty(FileSystem& fs, const Epoch& e, const Plan& plan) {
  Checkpoints start(fs, kFolder, 1);
  const std::string name = e.val_loss < 0.5 ? "epoch=0004-val_loss=0.3000" : "epoch=0004-val_loss=0.7000";
  const std::string folder = kFolder, final_path = folder + "/" + name,
                    path = plan.rename ? folder + "/.tmp-" + name : final_path;
  const auto point = [&](const char* which) {
    if (plan.pointers_atomic)
      save_atomically(fs, folder + "/" + which, name + "\n");
    else
      write_faulty(fs, folder + "/" + which, name + "\n", {});
  };
  const auto remove = [&] {
    const std::string old = folder + "/epoch=0003-val_loss=0.8000";
    std::vector<std::string> names;
    if (fs.rename(old, folder + "/.tmp-old") < 0) return;
    try {
      flush_folder(fs, folder);
    } catch (const Error&) { return; }  // removing too little is not a failure
    fs.list(folder + "/.tmp-old", names);
    for (const auto& n : names) fs.unlink(folder + "/.tmp-old/" + n);
    fs.remove_dir(folder + "/.tmp-old");
  };
  if (plan.delete_first) remove();
  if (plan.last_first) point("last");
  try {
    if (fs.make_dir(path) < 0) fail(Fault::io, "mkdir");
    for (const auto& [file, bytes] : files(e.number)) write_faulty(fs, path + "/" + file, bytes, plan);
    write_faulty(fs, path + "/MANIFEST", write_manifest(manifest_of(e.number, e.val_loss, files(e.number))), plan);
    if (plan.sync_folder) flush_folder(fs, path);
    if (plan.rename && fs.rename(path, final_path) < 0) fail(Fault::io, "rename");
  } catch (const Error&) {
    std::vector<std::string> names;
    fs.list(path, names);
    for (const auto& n : names) fs.unlink(path + "/" + n);
    fs.remove_dir(path);
    throw;
  }
  if (plan.sync_late)
    for (const auto& [file, bytes] : files(e.number)) {
      const int fd =
          fs.open_in_place(final_path + "/" + file);  // a late flush needs the file open; this one writes it again
      if (fd < 0) fail(Fault::io, "open");
      const bool bad =
          fs.write(fd, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()) || fs.fsync(fd) < 0;
      fs.close(fd);
      if (bad) fail(Fault::io, "late flush");
    }
  if (plan.sync_parent) flush_folder(fs, folder);
  if (!plan.last_first) point("last");
  if (e.val_loss < 0.5) point("best");
  if (!plan.delete_first) remove();
}

TEST(CheckpointCrash, PlantedBugsAreFound) {
  const auto found = [](const Plan& plan) {
    return first_broken_promise([&](FileSystem& fs, const Epoch& e) { faulty(fs, e, plan); });
  };
  EXPECT_EQ(found({}), "");  // the complete plan is correct
  const struct {
    const char* bug;
    Plan plan;
    const char* reason;
  } bugs[] = {
      {"in place", {.rename = false}, "is damaged"},
      {"no write loop", {.loop = false}, "is damaged"},
      {"no fsync", {.sync_files = false}, "is damaged"},
      {"fsync after rename", {.sync_files = false, .sync_late = true}, "is damaged"},
      {"no fsync of the new folder", {.sync_folder = false}, "is damaged"},
      {"pointers in place", {.pointers_atomic = false}, "is damaged"},
      {"last before the checkpoint", {.last_first = true}, "is damaged"},
      {"deletes before it saves", {.delete_first = true}, "last: does not name a checkpoint"},
  };
  for (const auto& b : bugs)
    EXPECT_NE(found(b.plan).find(b.reason), std::string::npos) << b.bug << ": " << found(b.plan);
}

// On a real disk: whatever the losses, best and last exist and are correct after each save.
TEST(CheckpointCrash, RotationOverRandomHistories) {
  test::Rng rng(4);
  for (int round = 0; round < 200; ++round) {
    ModelDisk disk;
    const int keep = rng.below(4);
    double lowest = 1e9;
    int best = 0;
    for (int e = 1; e <= 9; ++e) {
      Checkpoints c(disk, kFolder, keep);
      const double loss = rng.below(4) / 4.0;
      c.save(e, loss, files(e));
      if (loss < lowest) {
        lowest = loss;
        best = e;
      }
      ASSERT_EQ(epoch_at(disk, c.last()), e) << round;
      ASSERT_EQ(epoch_at(disk, c.best()), best) << round;
      std::vector<std::string> names;
      disk.list(kFolder, names);
      ASSERT_LE(names.size(), static_cast<std::size_t>(keep) + 4) << round;
    }
  }
}

}  // namespace
}  // namespace cutract
