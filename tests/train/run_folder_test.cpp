// Which folders a training accepts, and which files it leaves alone there.
#include "train/run_folder.h"

#include <filesystem>

#include "host/core/error.h"
#include "host/io/atomic_file.h"
#include "host/run/checkpoints.h"
#include "tests/support/tiny_corpus.h"
#include "train/trainer.h"

namespace cutract {
namespace {

namespace fs = std::filesystem;
using test::TempFolder;

TEST(CheckRunFolder, TakesNewEmptyAndRunFolders) {
  const TempFolder folder;
  const auto with = [&](const std::string& name, const char* text = "x") { return folder.write(name, text); };
  check_run_folder(folder / "none");
  fs::create_directory(folder / "empty");
  check_run_folder(folder / "empty");
  with("hidden/.gitkeep");
  check_run_folder(folder / "hidden");
  with("killed/.lock", "process 7 on host");  // before its first checkpoint
  with("killed/config.toml");
  check_run_folder(folder / "killed");
  with("just_made/.lock", "");
  with("just_made/env.json");
  check_run_folder(folder / "just_made");
  for (const char* name :
       {"last", "best", "epoch=0001-val_loss=1.0000/MANIFEST", ".tmp-epoch=0001-val_loss=1.0000/x"}) {
    with(std::string("copied/checkpoints/") + name);
    with("copied/config.toml");
    check_run_folder(folder / "copied");
    fs::remove_all(folder / "copied");
  }
}

TEST(CheckRunFolder, RefusesOtherPeoplesFiles) {
  const TempFolder folder;
  const std::vector<std::vector<std::string>> cases = {{"config.toml"},
                                                       {"thesis.tex", ".gitignore"},
                                                       {"config.toml", "checkpoints/resnet.pt"},
                                                       {"config.toml", "metrics.csv", "train.log"},
                                                       {"sub/file"}};
  for (const auto& names : cases) {
    for (const auto& name : names) folder.write("d/" + name, "mine");
    EXPECT_FAULT(check_run_folder(folder / "d"), Fault::usage,
                 (folder / "d") + ": holds files but is not a run folder");
    EXPECT_FAULT(RunFolder(folder / "d"), Fault::usage, "choose a new or empty folder with --out");
    EXPECT_FALSE(fs::exists(folder / "d/.lock"));
    for (const auto& name : names) EXPECT_EQ(read_file(folder / ("d/" + name)), "mine");
    fs::remove_all(folder / "d");
  }
  folder.write("lock/.lock", "another tool's");
  folder.write("lock/config.toml", "mine");
  EXPECT_FAULT(check_run_folder(folder / "lock"), Fault::usage, "is not a run folder");
}

TEST(RunFolder, FollowsNoLink) {
  const TempFolder folder;
  folder.write("precious/file", "years of work");
  for (const char* name : {".lock", "train.log", "metrics.csv", "checkpoints"}) {
    folder.write("run/.lock", "");
    fs::remove(folder / ("run/" + std::string(name)));
    fs::create_symlink("../precious/file", folder / ("run/" + std::string(name)));
    EXPECT_FAULT(RunFolder(folder / "run"), Fault::io, (folder / "run/") + name + ": is a symbolic link");
    fs::remove_all(folder / "run");
  }
  folder.write("run/.lock", "");
  for (const char* name : {"config.toml.tmp", "skipped.tsv", "metrics.json", ".tmp-0123456789abcdef"})
    fs::create_symlink("../precious/file", folder / ("run/" + std::string(name)));
  RunFolder run(folder / "run");
  run.write_skipped({});
  run.write_metrics_json("{}");
  EXPECT_FALSE(fs::exists(fs::symlink_status(folder / "run/.tmp-0123456789abcdef")));
  EXPECT_EQ(read_file(folder / "run/metrics.json"), "{}");
  EXPECT_EQ(read_file(folder / "precious/file"), "years of work");
  fs::create_directory_symlink("run", folder / "named");  // the user named the folder, so this link is followed
  check_run_folder(folder / "named");
}

TEST(RunFolder, MetricsThatCannotBeRewrittenStay) {
  const TempFolder folder;
  const std::vector<Channel> channels{{"tt_x", "mm"}};
  folder.write("run/.lock", "");
  fs::create_directory(folder / "run/metrics.csv");  // cannot be replaced
  testing::internal::CaptureStderr();
  RunFolder run(folder / "run");
  run.start_metrics(0, channels, false);
  const Scores val{};
  run.add_metrics({.epoch = 1, .val = &val});
  run.add_metrics({.epoch = 2, .val = &val});
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_EQ(said.find("metrics.csv"), said.rfind("metrics.csv")) << said;
  EXPECT_NE(said.find("continuing without it"), std::string::npos) << said;
  EXPECT_TRUE(fs::is_empty(folder / "run/metrics.csv"));
}

// A job that was stopped in the middle of a save, after the check, does not write into a folder that replaced its own.
TEST(RunFolder, ThatWasReplacedIsNotSavedTo) {
  const TempFolder folder;
  RunFolder run(folder / "run");
  Checkpoints checkpoints(run.files(), run.checkpoints(), 1);
  checkpoints.save(1, 0.5, {{"model", "m"}});
  fs::remove_all(folder / "run");
  folder.write("run/checkpoints/last", "of the new run");
  EXPECT_FAULT(checkpoints.save(2, 0.4, {{"model", "m"}}), Fault::io, "No such file or directory");
  EXPECT_EQ(read_file(folder / "run/checkpoints/last"), "of the new run");
  std::vector<std::string> names;
  real_file_system().list(folder / "run/checkpoints", names);
  EXPECT_EQ(names, std::vector<std::string>{"last"});
}

// A slow job must not write into a new run that has replaced its folder.
TEST(RunFolder, ThatWasReplacedEndsTheTraining) {
  test::TinyCorpus corpus;
  const std::string run = corpus.folder / "run";
  const RunConfig config = read_run_config(corpus.folder.write("config.toml", corpus.config()), {});
  Progress progress({.quiet = true, .write = [](const std::string&) {}, .now = std::chrono::steady_clock::now});
  Exec ex = CpuExec(1);
  int polls = 0;
  TrainOptions options;
  options.run_dir = run;
  options.stop_signal = [&] {
    if (++polls != 6) return 0;  // inside the second epoch
    fs::rename(run, corpus.folder / "moved");
    for (const char* name : {"run/.lock", "run/checkpoints/last", "run/report.html", "run/metrics.csv"})
      corpus.folder.write(name, "of the new run");
    return 0;
  };
  EXPECT_FAULT(train(ex, config, options, progress), Fault::io,
               run + ": was removed or replaced while this training was running");
  for (const char* name : {"run/.lock", "run/checkpoints/last", "run/report.html", "run/metrics.csv"})
    EXPECT_EQ(read_file(corpus.folder / name), "of the new run");
  std::vector<std::string> names;
  real_file_system().list(run, names);
  EXPECT_EQ(names.size(), 4u) << "nothing new";
}

}  // namespace
}  // namespace cutract
