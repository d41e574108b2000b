// Runs that are stopped, resumed, forked or finished already.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "host/io/atomic_file.h"
#include "host/io/npy.h"
#include "host/run/find_checkpoint.h"
#include "model/trained_model.h"
#include "tests/train/training_run.h"
#include "train/trainer.h"

namespace cutract {
namespace {

namespace fs = std::filesystem;
using test::TrainingRun;

TEST_F(TrainingRun, ResumedRunHasTheBitsOfAnUninterruptedOne) {
  go("whole", {"trainer.max_epochs=6"});
  for (const int stop : {1, 3, 5}) {
    const std::string out = "resumed" + std::to_string(stop);
    go(out, {"trainer.max_epochs=" + std::to_string(stop)});
    go(out, {"trainer.max_epochs=6"});
    // The two configs differ in max_epochs until the last checkpoint, which both runs wrote with 6.
    EXPECT_EQ(last_model(out), last_model("whole")) << "stopped after " << stop;
    EXPECT_EQ(lines(corpus_.folder / out + "/metrics.csv").size(), 7u);
  }
}

TEST_F(TrainingRun, OfAStackResumesAndItsModelReadsBack) {
  const std::vector<std::string> stack{
      "model.hidden=128", "model.layers=2", "model.dropout=0.3",
      "model.stack=[\"dense width=7 activation=tanh dropout=0.1\", \"bilstm hidden=5\"]"};
  const auto with_epochs = [&](const char* epochs) {
    std::vector<std::string> set = stack;
    set.push_back(std::string("trainer.max_epochs=") + epochs);
    return set;
  };
  go("whole", with_epochs("4"));
  go("resumed", with_epochs("2"));
  go("resumed", with_epochs("4"));
  EXPECT_EQ(last_model("resumed"), last_model("whole"));
  const TrainedModel model = load_model(corpus_.folder / "whole");
  EXPECT_EQ(describe(model.model.spec().stack), "7 dense (tanh), 2 x 5 Bi-LSTM");
  EXPECT_EQ(model.config.model.stack[1], "bilstm hidden=5 layers=2 dropout=0.3");
  EXPECT_NE(read_file(corpus_.folder / "whole/report.html").find("7 dense (tanh), 2 x 5 Bi-LSTM"), std::string::npos);
  std::vector<std::string> other = with_epochs("5");
  other[3] = "model.stack=[\"dense width=7 activation=relu dropout=0.1\", \"bilstm hidden=5\"]";
  EXPECT_FAULT(go("resumed", other), Fault::config, "model.stack was [\"dense width=7 activation=tanh dropout=0.1\"");
  EXPECT_FAULT(
      go("other", {"model.stack=[\"bilstm\"]"}), Fault::config,
      "model.hidden: has no effect beside model.stack, whose blocks have their own options; remove model.hidden");
}

TEST_F(TrainingRun, WithAttentionStopsInsideAnEpochAndGoesOnToTheSameBits) {
  const std::vector<std::pair<std::string, std::string>> blocks{
      {"attention", "attention heads=1"},
      {"transformer", "transformer heads=1 layers=1 feed_forward=9"},
      {"conformer", "conformer heads=1 layers=1 feed_forward=9 kernel=5"}};
  for (const auto& [name, block] : blocks) {
    const std::vector<std::string> set{"model.hidden=128", "model.layers=2", "model.dropout=0.3",
                                       "trainer.max_epochs=3",
                                       "model.stack=[\"dense width=32 activation=none\", \"" + block + "\"]"};
    go(name, set);
    int polls = 0;
    const TrainResult r = go(name + "-cut", set, 1, {.stop_signal = [&] { return ++polls == 8 ? 15 : 0; }});
    EXPECT_EQ(r.saved, "Epoch 2 is saved up to step 2 of 3");
    go(name + "-cut", set);
    EXPECT_EQ(last_model(name + "-cut"), last_model(name)) << name;
    expect_same_metrics((name + "-cut").c_str(), name.c_str());
  }
}

TEST_F(TrainingRun, SignalStopsAfterTheStepAndResumeGoesOn) {
  go("whole", {"trainer.max_epochs=4"});
  int polls = 0;  // two while loading, then one per step and one after each validation batch of an epoch
  const TrainResult r = go("cut", {"trainer.max_epochs=4"}, 1, {.stop_signal = [&] { return ++polls == 12 ? 15 : 0; }});
  EXPECT_EQ(r.signal, 15);
  EXPECT_EQ(r.epochs, 2) << "three steps an epoch: the eighth is inside the third";
  EXPECT_EQ(r.saved, "Epoch 3 is saved up to step 2 of 3");
  EXPECT_EQ(read_file(corpus_.folder / "cut/checkpoints/last"), "step=0000008\n");
  int steps = 0;
  go("cut", {"trainer.max_epochs=4"}, 1, {.stop_signal = [&] { return ++steps, 0; }});
  EXPECT_EQ(last_model("cut"), last_model("whole"));
  EXPECT_FALSE(fs::exists(corpus_.folder / "cut/checkpoints/step=0000008"));
  expect_same_metrics("cut", "whole");
  EXPECT_LE(steps, 2 + 4 + 2) << "two while loading, four steps, two validations: no step is taken twice";
}

TEST_F(TrainingRun, StoppedInsideAnEpochDoesNotTrainBeyondALowerMaxEpochs) {
  int polls = 0;
  go("cut", {"trainer.max_epochs=4"}, 1, {.stop_signal = [&] { return ++polls == 12 ? 15 : 0; }});  // inside the third
  const TrainResult r = go("cut", {"trainer.max_epochs=2"});
  EXPECT_TRUE(r.already_finished);
  EXPECT_EQ(r.epochs, 2);
}

TEST_F(TrainingRun, StopsAfterAnyStepAndGoesOnToTheSameBits) {
  go("whole");
  for (int stop = 3; stop <= 14; ++stop) {  // also in the first epoch, and while validating
    const std::string out = "cut" + std::to_string(stop);
    int polls = 0;
    EXPECT_EQ(go(out, {}, 1, {.stop_signal = [&] { return ++polls == stop ? 15 : 0; }}).signal, 15);
    EXPECT_FALSE(go(out).already_finished);
    EXPECT_EQ(last_model(out), last_model("whole")) << stop;
    expect_same_metrics(out, "whole");
  }
}

// A step of a large model takes too long to wait for: it is given up between two layers, and taken again later.
TEST_F(TrainingRun, GivesUpALongStepAndTakesItAgain) {
  int polls = 0;
  const TrainOptions counting{.stop_signal = [&] { return ++polls, 0; }, .long_step_s = 0};
  const TrainResult whole = go("whole", {}, 1, counting);
  EXPECT_GE(polls, 9 * 5) << "nine steps of two layers, asked before each forward and backward, and at the end";
  for (int stop = 3; stop <= 40; stop += 3) {
    const std::string out = "given_up" + std::to_string(stop);
    polls = 0;
    const TrainResult first =
        go(out, {}, 1, {.stop_signal = [&] { return ++polls == stop ? 15 : 0; }, .long_step_s = 0});
    EXPECT_EQ(first.signal, 15);
    const TrainResult second = go(out);
    EXPECT_EQ(first.frames + second.frames, whole.frames) << "no step counts twice";
    EXPECT_EQ(last_model(out), last_model("whole")) << stop;
    expect_same_metrics(out, "whole");
  }
}

TEST_F(TrainingRun, SavesInsideAnEpochAndContinues) {
  go("whole");
  int asked = 0;
  go("saved", {}, 1, {.save_asked = [&] { return ++asked == 2; }});
  EXPECT_EQ(last_model("saved"), last_model("whole"));
  EXPECT_NE(read_file(corpus_.folder / "saved/train.log").find("saved epoch 1 up to step 2 of 3"), std::string::npos);
}

TEST_F(TrainingRun, ResumesInAnotherFolderFromANamedCheckpoint) {
  go("whole", {"trainer.max_epochs=5"});
  go("start", {"trainer.max_epochs=2"});
  std::string last = read_file(corpus_.folder / "start/checkpoints/last");
  while (last.back() == '\n') last.pop_back();
  const std::string from = corpus_.folder / ("start/checkpoints/" + last);
  EXPECT_EQ(go("branch", {"trainer.max_epochs=5"}, 1, {.resume_from = from}).epochs, 5);
  EXPECT_EQ(last_model("branch"), last_model("whole"));
}

// The new folder holds what the old one held up to that point: its best checkpoint and its history.
TEST_F(TrainingRun, AForkKeepsBestLastAndHistory) {
  const std::vector<std::string> set{"trainer.max_epochs=6", "optim.lr=0.2", "trainer.early_stopping_patience=0"};
  const TrainResult whole = go("whole", set);
  const TrainResult r = go("fork", set, 1, {.resume_from = corpus_.folder / "whole"});
  EXPECT_TRUE(r.already_finished);
  EXPECT_EQ(r.best_epoch, whole.best_epoch);
  EXPECT_EQ(load_model(corpus_.folder / "fork").epoch, whole.best_epoch);
  EXPECT_EQ(last_model("fork"), last_model("whole"));
  expect_same_metrics("fork", "whole");
  for (const char* file : {"metrics.json", "report.html", "config.toml"})
    EXPECT_TRUE(fs::exists(corpus_.folder / (std::string("fork/") + file))) << file;

  // The best checkpoint is gone, so the one that the run began from counts as the best and exists.
  fs::remove_all(whole.best_checkpoint);
  const TrainResult without = go("without", set, 1, {.resume_from = corpus_.folder / "whole"});
  EXPECT_EQ(load_model(corpus_.folder / "without").epoch, without.best_epoch);

  // The same command again continues; a different checkpoint is refused.
  std::vector<std::string> longer = set;
  longer[0] = "trainer.max_epochs=7";
  EXPECT_EQ(go("fork", longer, 1, {.resume_from = corpus_.folder / "whole"}).epochs, 7);
  EXPECT_TRUE(go("fork", longer, 1, {.resume_from = corpus_.folder / "whole"}).already_finished);
  EXPECT_FAULT(go("fork", longer, 1, {.resume_from = corpus_.folder / "without"}), Fault::usage, "of a different run");
}

// A damaged newest checkpoint costs the epochs since the one before it, not the run.
TEST_F(TrainingRun, ResumesFromTheNewestIntactCheckpoint) {
  go("whole", {"trainer.max_epochs=5", "trainer.save_top_k=9"});
  go("hurt", {"trainer.max_epochs=3", "trainer.save_top_k=9"});
  std::string last = read_file(corpus_.folder / "hurt/checkpoints/last");
  while (last.back() == '\n') last.pop_back();
  fs::resize_file(corpus_.folder / ("hurt/checkpoints/" + last + "/state.safetensors"), 100);
  EXPECT_EQ(go("hurt", {"trainer.max_epochs=5", "trainer.save_top_k=9"}).epochs, 5);
  EXPECT_EQ(last_model("hurt"), last_model("whole"));
}

TEST_F(TrainingRun, FinishedRunDoesNothingMore) {
  go("run");
  const std::string before = last_model("run");
  const TrainResult r = go("run");
  EXPECT_TRUE(r.already_finished);
  EXPECT_EQ(r.epochs, 3);
  EXPECT_EQ(last_model("run"), before);
}

TEST_F(TrainingRun, RefusesToResumeSomethingElse) {
  go("run");
  EXPECT_FAULT(go("run", {"model.hidden=10"}), Fault::config, "model.hidden was 9, is 10");
  EXPECT_FAULT(go("run", {"features.preset=kaldi", "features.n_mels=12"}), Fault::config,
               "features.preset was \"librosa\", is \"kaldi\"");
  EXPECT_FAULT(go("run", {}, 1, {.resume = Resume::never}), Fault::usage, "holds the checkpoints of an earlier run");
  std::string toml = read_file(corpus_.dir + "/corpus.toml");
  toml.replace(toml.find("height"), 6, "tallness");
  corpus_.folder.write("corpus/corpus.toml", toml);
  EXPECT_FAULT(go("run", {"trainer.max_epochs=5"}), Fault::config, "was trained on the channels height (mm), opening");
}

// The manifest is the same but an utterance has changed, so order and masks would no longer be those of the run.
TEST_F(TrainingRun, RefusesToResumeOnOtherData) {
  go("run");
  Matrix track = read_npy(corpus_.dir + "/articulation/u3.npy");
  track.rows -= 2;
  track.values.resize(static_cast<std::size_t>(track.rows * track.cols));
  corpus_.folder.write("corpus/articulation/u3.npy", encode_npy(track.view()));
  EXPECT_FAULT(go("run", {"trainer.max_epochs=5"}), Fault::config,
               "(audio, track, features or speaker changed: u3 (split train))");
}

TEST_F(TrainingRun, AFinishedRunKeepsItsCheckpointsWhateverIsKeptNow) {
  const auto count = [&] {
    const fs::directory_iterator all(corpus_.folder / "run/checkpoints");
    return std::count_if(begin(all), end(all), [](const auto& e) { return e.is_directory(); });
  };
  go("run", {"trainer.save_top_k=3"});
  ASSERT_EQ(count(), 3);
  EXPECT_TRUE(go("run", {"trainer.save_top_k=1"}).already_finished);
  EXPECT_EQ(count(), 3);
}

// A finished run reads no data, unless the corpus is not the one that its env.json names.
TEST_F(TrainingRun, AFinishedRunOfOtherDataIsNotTakenForThisOne) {
  go("run");
  std::ofstream(corpus_.dir + "/corpus.toml", std::ios::app) << "# a remark\n";
  EXPECT_TRUE(go("run").already_finished);
  std::string manifest = read_file(corpus_.dir + "/manifest.tsv");
  manifest.replace(manifest.find("u3\ta"), 4, "u3\tc");
  corpus_.folder.write("corpus/manifest.tsv", manifest);
  EXPECT_FAULT(go("run"), Fault::config, "(audio, track, features or speaker changed: u3 (split train))");
}

// Training does not read a licence, a corrected sentence, Windows line ends or one more test utterance.
TEST_F(TrainingRun, ResumesWhereOnlyTextsOfTheCorpusChanged) {
  go("whole", {"trainer.max_epochs=5"});
  go("run");
  std::ofstream(corpus_.dir + "/corpus.toml", std::ios::app) << "# a remark\n";
  std::string manifest = read_file(corpus_.dir + "/manifest.tsv");
  const auto row = manifest.rfind("u9\t");
  std::string more = manifest.substr(row);
  more.replace(0, 2, "u10");
  corpus_.folder.write("corpus/manifest.tsv", manifest + more);
  EXPECT_EQ(go("run", {"trainer.max_epochs=5"}).epochs, 5);
  EXPECT_EQ(last_model("run"), last_model("whole"));
}

// The current settings decide: a run that stopped early continues if they would not have stopped it, with the same
// bits.
TEST_F(TrainingRun, GoesOnAfterAnEarlyStopWithOtherSettings) {
  const std::vector<std::string> base{"trainer.max_epochs=8", "optim.lr=1e-9", "trainer.min_delta=0.1"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), base.begin(), base.end());
    return more;
  };
  for (const std::vector<std::string>& changed : {std::vector<std::string>{"trainer.early_stopping_patience=4"},
                                                  {"trainer.early_stopping_patience=0"},
                                                  {"trainer.early_stopping_patience=2", "trainer.min_delta=0"}}) {
    SCOPED_TRACE(testing::PrintToString(changed));
    fs::remove_all(corpus_.folder / "run");
    fs::remove_all(corpus_.folder / "whole");
    go("whole", with(changed));
    EXPECT_EQ(go("run", with({"trainer.early_stopping_patience=2"})).epochs, 3);
    const TrainResult r = go("run", with(changed));
    EXPECT_FALSE(r.already_finished);
    EXPECT_EQ(last_model("run"), last_model("whole"));
  }
}

TEST_F(TrainingRun, AFinishedRunSaysWhatWouldMakeItGoOnAndRewritesNothing) {
  go("run");
  const std::string before = read_file(corpus_.folder / "run/config.toml");
  testing::internal::CaptureStderr();
  EXPECT_TRUE(go("run", {"trainer.early_stopping_patience=7"}).already_finished);
  EXPECT_NE(testing::internal::GetCapturedStderr().find("raise trainer.max_epochs above 3"), std::string::npos);
  EXPECT_EQ(read_file(corpus_.folder / "run/config.toml"), before);
}

// A process that is killed after its last checkpoint has not written its summary.
TEST_F(TrainingRun, WritesWhatAKilledRunDidNot) {
  go("run");
  for (const char* name : {"metrics.json", "report.html"}) fs::remove(corpus_.folder / (std::string("run/") + name));
  corpus_.folder.write("run/.tmp-0123456789abcdef", "half a report");
  EXPECT_TRUE(go("run").already_finished);
  for (const char* name : {"metrics.json", "report.html"})
    EXPECT_TRUE(fs::exists(corpus_.folder / (std::string("run/") + name)));
  EXPECT_FALSE(fs::exists(corpus_.folder / "run/.tmp-0123456789abcdef"));
}

}  // namespace
}  // namespace cutract
