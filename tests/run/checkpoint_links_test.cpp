// Checkpoints and symbolic links: links that are not ours are left alone, and ours lead to a whole checkpoint.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <set>
#include <string>

#include "host/run/find_checkpoint.h"
#include "tests/support/support.h"

namespace cutract {
namespace {

using test::TempFolder;
using Files = Checkpoints::Files;

Files files(int epoch) {
  const std::string n = std::to_string(epoch);
  return {{"model.safetensors", "model of epoch " + n}, {"state.safetensors", "state of epoch " + n}};
}
std::set<std::string> names_in(const std::string& folder) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) names.insert(entry.path().filename());
  return names;
}

// Links that lead out of the folder, to files that are not ours, are never followed to remove or write something.
TEST(Checkpoints, LinksAreRemovedNotFollowed) {
  const TempFolder run;
  run.write("victim/thesis.tex", "years of work");
  run.write("victim/model.safetensors", "archived");
  std::filesystem::create_directory(run / "c");
  for (const char* name : {".tmp-x", ".tmp-epoch=0001-val_loss=0.5000", "last.tmp", "best.tmp"})
    std::filesystem::create_symlink("../victim", run / ("c/" + std::string(name)));
  std::filesystem::create_symlink("../victim/thesis.tex", run / "c/.tmp-y");
  std::filesystem::create_symlink("../victim/thesis.tex", run / "c/last");
  Checkpoints c(real_file_system(), run / "c", 1);
  EXPECT_EQ(names_in(run / "c"), std::set<std::string>{"last"});
  std::filesystem::create_symlink("../victim", run / "c/.tmp-epoch=0001-val_loss=0.5000");  // created in the meantime
  c.save(1, 0.5, files(1));
  EXPECT_EQ(read_file(run / "c/last"), "epoch=0001-val_loss=0.5000\n");
  EXPECT_EQ(names_in(run / "victim"), (std::set<std::string>{"thesis.tex", "model.safetensors"}));
  EXPECT_EQ(read_file(run / "victim/thesis.tex"), "years of work");
}

TEST(Checkpoints, RotationLeavesAnArchiveAlone) {
  const TempFolder run;
  Checkpoints c(real_file_system(), run / "c", 1);
  for (const int e : {1, 2}) c.save(e, 1.0 / e, files(e));
  const std::string name = "epoch=0002-val_loss=0.5000";
  std::filesystem::rename(run / ("c/" + name), run / "archive");
  std::filesystem::create_symlink("../archive", run / ("c/" + name));
  for (const int e : {3, 4}) c.save(e, 1.0 / e, files(e));
  EXPECT_EQ(names_in(run / "c"), (std::set<std::string>{"best", "last", "epoch=0004-val_loss=0.2500"}));
  EXPECT_EQ(read_checkpoint(run / "archive"), files(2));
}

// The links are for torch and other programs that open a path; the pointers remain text files.
TEST(Checkpoints, LinksInTheRunFolderLeadToLastAndBest) {
  const TempFolder run;
  Checkpoints c(real_file_system(), run / "checkpoints", 1);
  const auto target = [&](const char* name) { return std::filesystem::read_symlink(run / name).string(); };
  c.save(1, 0.5, files(1));
  c.save(2, 0.7, files(2));
  EXPECT_EQ(target("best"), "checkpoints/epoch=0001-val_loss=0.5000");
  EXPECT_EQ(target("last"), "checkpoints/epoch=0002-val_loss=0.7000");
  EXPECT_EQ(read_file(run / "best/model.safetensors"), "model of epoch 1");
  c.save(3, 0.1, files(3));
  EXPECT_EQ(read_file(run / "best/model.safetensors"), "model of epoch 3");
  EXPECT_EQ(read_file(run / "checkpoints/best"), "epoch=0003-val_loss=0.1000\n");
  EXPECT_EQ(names_in(run.path()), (std::set<std::string>{"best", "last", "checkpoints"}));
  std::filesystem::remove(run / "best");
  Checkpoints(real_file_system(), run / "checkpoints", 1);  // a restart repairs them
  EXPECT_EQ(target("best"), "checkpoints/epoch=0003-val_loss=0.1000");
  for (const std::string& model : {run / "best", run / "best/", run / "last/model.safetensors"})
    EXPECT_EQ(find_checkpoint(model), run / "checkpoints/epoch=0003-val_loss=0.1000") << model;
}

TEST(Checkpoints, WhatOthersPutInPlaceOfALinkStays) {
  const TempFolder run;
  run.write("victim/x", "years of work");
  std::filesystem::create_symlink("victim", run / "best");
  run.write("last", "mine");
  Checkpoints c(real_file_system(), run / "checkpoints", 1);
  for (const int e : {1, 2}) c.save(e, 1.0 / e, files(e));
  EXPECT_EQ(std::filesystem::read_symlink(run / "best"), "victim");
  EXPECT_EQ(read_file(run / "last"), "mine");
  EXPECT_EQ(names_in(run / "victim"), std::set<std::string>{"x"});
}

// A reader that names `last`, `best`, the run or a link gets one whole checkpoint, however fast a training rotates.
TEST(ReadNamedCheckpoint, WhileATrainingRotates) {
  const TempFolder run;
  Checkpoints(real_file_system(), run / "checkpoints", 0).save(1, 1.0, files(1));
  const pid_t training = fork();
  ASSERT_GE(training, 0);
  if (training == 0) {
    Checkpoints c(real_file_system(), run / "checkpoints", 0);
    for (int e = 2; e < 100000; ++e) c.save(e, 1.0 / e, files(e));
    _exit(0);
  }
  std::set<std::string> seen;
  std::string failed;
  try {
    const auto began = std::chrono::steady_clock::now();  // on a busy machine the two processes alternate
    while (seen.size() < 30 && std::chrono::steady_clock::now() - began < std::chrono::seconds(30))
      for (const std::string& name : {run.path(), run / "checkpoints/last", run / "checkpoints/best", run / "last"}) {
        const NamedCheckpoint got = read_named_checkpoint(name);
        seen.insert(got.path);
        const std::string epoch = got.files.at("model.safetensors").substr(15);
        if (got.files != files(std::stoi(epoch))) failed = "mixed";
      }
  } catch (const std::exception& e) { failed = e.what(); }
  kill(training, SIGKILL);
  waitpid(training, nullptr, 0);
  EXPECT_EQ(failed, "");
  EXPECT_GE(seen.size(), 30u);
}

}  // namespace
}  // namespace cutract
