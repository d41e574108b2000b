// Bad input to the binary gives one clear sentence on stderr and the right exit code, and loses nothing.
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "host/device/exec.h"
#include "host/io/atomic_file.h"
#include "host/io/audio.h"
#include "host/io/npy.h"
#include "model/trained_model.h"
#include "tests/cli/process.h"
#include "tests/support/tiny_corpus.h"

namespace cutract {
namespace {

namespace fs = std::filesystem;
using test::Finished;

class BadInput : public testing::Test {
 protected:
  BadInput() { corpus_.folder.write("c.toml", corpus_.config()); }
  Finished run(const std::vector<std::string>& args) { return test::cutract(args, corpus_.folder.path()); }
  Finished train(const std::vector<std::string>& more = {}, const std::string& device = "cpu") {
    std::vector<std::string> args{"train", "-c", "c.toml", "--out", "run", "--device", device};
    args.insert(args.end(), more.begin(), more.end());
    return run(args);
  }
  // The last line of stderr is the one sentence.
  static void expect(const Finished& f, int code, const std::string& sentence) {
    EXPECT_EQ(f.code, code) << f.err;
    EXPECT_TRUE(f.last_line().starts_with("error: ")) << f.err;
    EXPECT_NE(f.last_line().find(sentence), std::string::npos) << f.err;
    EXPECT_EQ(f.err.find("host/"), std::string::npos) << "a user's fault names our sources: " << f.err;
    EXPECT_EQ(f.out, "");
  }
  void replace(const std::string& file, const std::string& from, const std::string& to) {
    std::string text = read_file(corpus_.dir + "/" + file);
    const auto at = text.find(from);
    ASSERT_NE(at, std::string::npos);
    corpus_.folder.write("corpus/" + file, text.replace(at, from.size(), to));
  }
  void write_track(const std::string& id, float bad_value) {
    Matrix m = read_npy(corpus_.dir + "/articulation/" + id + ".npy");
    m.row(7)[1] = bad_value;
    corpus_.folder.write("corpus/articulation/" + id + ".npy", encode_npy(m.view()));
  }
  test::TinyCorpus corpus_;
};

TEST_F(BadInput, MissingFiles) {
  expect(run({"train", "-c", "nowhere.toml"}), 5, "nowhere.toml: cannot read the config file");
  expect(run({"eval", "nowhere"}), 5, "nowhere");
  expect(train({"--set", "data.corpus=nowhere"}), 5, "nowhere: is not a corpus folder, because it has no corpus.toml");
  fs::remove(corpus_.dir + "/audio/u3.wav");
  expect(train(), 4, "audio/u3.wav");
  EXPECT_FALSE(fs::exists(corpus_.folder / "run")) << "a run that cannot start leaves no folder";
}

TEST_F(BadInput, UnknownConfigKey) {
  corpus_.folder.write("c.toml", "[model]\nhiden = 3\n");
  expect(train(), 3, "c.toml:2:1: unknown key \"model.hiden\" (did you mean \"model.hidden\"?)");
}

TEST_F(BadInput, WrongType) {
  corpus_.folder.write("c.toml", "[model]\nhidden = \"many\"\n");
  expect(train(), 3, "c.toml:2:10: model.hidden: expected an integer, got the string \"many\"");
}

TEST_F(BadInput, SampleRateChangesInsideTheCorpus) {
  Audio audio = read_audio(corpus_.dir + "/audio/u4.wav");
  audio.sample_rate = 11025;
  write_audio(corpus_.dir + "/audio/u4.wav", audio);
  expect(train(), 4, "u4.wav: sample rate is 11025, corpus.toml says 8000");
  EXPECT_EQ(run({"corpus", "check", "corpus"}).code, 4);
}

TEST_F(BadInput, InfinityInTargets) {
  write_track("u2", INFINITY);
  expect(train(), 4, "u2.npy");
  const Finished skipping = train({"--skip-bad"});
  EXPECT_EQ(skipping.code, 0) << skipping.err;
  EXPECT_NE(read_file(corpus_.folder / "run/skipped.tsv").find("u2\t"), std::string::npos);
}

TEST_F(BadInput, EmptyAudio) {
  write_audio(corpus_.dir + "/audio/u1.wav", {8000, {0.0f}});
  std::string bytes = read_file(corpus_.dir + "/audio/u1.wav");
  corpus_.folder.write("corpus/audio/u1.wav", bytes.substr(0, 44));  // the header alone
  expect(train(), 4, "u1.wav");
}

TEST_F(BadInput, IdInTwoSplits) {
  replace("manifest.tsv", "u7\ta\tval", "u2\ta\tval");
  expect(train(), 4, "two splits");
}

TEST_F(BadInput, FeaturesOfAnotherPreset) {
  ASSERT_EQ(train().code, 0);
  const std::string before = read_file(corpus_.folder / "run/checkpoints/last");
  expect(train({"--set", "features.preset=whisper", "--set", "features.n_fft=256"}), 3,
         "features.preset was \"librosa\", is \"whisper\"");
  EXPECT_EQ(read_file(corpus_.folder / "run/checkpoints/last"), before);
  EXPECT_EQ(run({"eval", "run", "--device", "cpu"}).code, 0);
}

TEST_F(BadInput, TruncatedCheckpoint) {
  ASSERT_EQ(train().code, 0);
  std::string best = read_file(corpus_.folder / "run/checkpoints/best");
  while (best.back() == '\n') best.pop_back();
  const std::string model = corpus_.folder / ("run/checkpoints/" + best + "/model.safetensors");
  fs::resize_file(model, fs::file_size(model) - 100);
  const Finished fallen_back = run({"eval", "run", "--device", "cpu"});
  EXPECT_EQ(fallen_back.code, 0) << "another checkpoint of the run is intact";
  EXPECT_NE(fallen_back.err.find("warning: run/checkpoints/" + best + "/model.safetensors: has "), std::string::npos)
      << fallen_back.err;
  EXPECT_NE(fallen_back.err.find("; using run/checkpoints/epoch="), std::string::npos) << fallen_back.err;
  expect(run({"eval", "run/checkpoints/" + best, "--device", "cpu"}), 4, "model.safetensors");
  expect(run({"predict", model, "corpus/audio/u0.wav", "--device", "cpu"}), 4, "model.safetensors");
}

TEST_F(BadInput, WeightsThatAreNotFinite) {
  ASSERT_EQ(train().code, 0);
  const TrainedModel good = load_model(corpus_.folder / "run");
  for (const float value : {NAN, INFINITY}) {
    TrainedModel m = good;
    m.model.values().back() = value;
    corpus_.folder.write("bad.safetensors", encode_model(m));
    expect(run({"eval", "bad.safetensors", "--device", "cpu"}), 4, "bad.safetensors: tensor fc.bias holds a weight");
    expect(run({"predict", "bad.safetensors", "corpus/audio/u0.wav", "--device", "cpu"}), 4, "fc.bias");
  }
}

TEST_F(BadInput, NoSpaceLeft) {
  if (geteuid() != 0) GTEST_SKIP() << "mounting a small tmpfs needs root";
  const std::string small = corpus_.folder / "small";
  fs::create_directory(small);
  if (mount("tmpfs", small.c_str(), "tmpfs", 0, "size=400k") != 0) GTEST_SKIP() << "this machine mounts no tmpfs";
  const Finished f = run({"train", "-c", "c.toml", "--out", "small/run", "--device", "cpu", "--set",
                          "trainer.max_epochs=200", "--set", "trainer.save_top_k=200"});
  expect(f, 5, "No space left on device");
  EXPECT_EQ(f.err.find("its disk has"), std::string::npos) << "three checkpoints do fit: " << f.err;
  const TrainedModel last = load_model(small + "/run");
  EXPECT_GE(last.epoch, 1) << "an earlier checkpoint still loads";
  for (const auto& e : fs::directory_iterator(small + "/run/checkpoints"))
    EXPECT_EQ(e.path().filename().string().find("tmp"), std::string::npos) << "a temporary is left: " << e.path();
  EXPECT_EQ(run({"eval", "small/run", "--device", "cpu"}).code, 0);
  umount(small.c_str());
}

TEST_F(BadInput, SpaceForLessThanThreeCheckpointsIsSaidBeforeTraining) {
  if (geteuid() != 0) GTEST_SKIP() << "mounting a small tmpfs needs root";
  const std::string small = corpus_.folder / "small";
  fs::create_directory(small);
  if (mount("tmpfs", small.c_str(), "tmpfs", 0, "size=400k") != 0) GTEST_SKIP() << "this machine mounts no tmpfs";
  const Finished f =
      run({"train", "-c", "c.toml", "--out", "small/run", "--device", "cpu", "--set", "model.hidden=40"});
  umount(small.c_str());
  // 2 layers of 2 directions with F = 12, H = 40 and a head of 2 outputs have 56,482 parameters, saved as 3 floats
  // each.
  EXPECT_NE(f.err.find("and 3 checkpoints of this model take 2.0 MB; free some space"), std::string::npos) << f.err;
  EXPECT_EQ(f.code, 5);
}

TEST_F(BadInput, StandardOutputIsFull) {
  ASSERT_EQ(train().code, 0);
  const Finished f =
      test::cutract({"eval", "run", "--json", "-", "--device", "cpu"}, corpus_.folder.path(), "/dev/full");
  EXPECT_EQ(f.code, 5);
  EXPECT_NE(f.last_line().find("standard output"), std::string::npos) << f.err;
}

TEST_F(BadInput, UsageMistakesNameTheTypoFirst) {
  expect(run({"train", "--confg", "c.toml"}), 2, "unknown option \"--confg\" (did you mean \"--config\"?)");
  expect(run({"trian"}), 2, "unknown command \"trian\" (did you mean \"train\"?)");
  expect(run({"corpus", "chek", "c"}), 2, "unknown command \"chek\" (did you mean \"check\"?)");
  expect(run({"eval"}), 2, "cutract eval: MODEL is missing; usage: cutract eval [options] MODEL");
  expect(run({"eval", "--splt", "x"}), 2, "unknown option \"--splt\" (did you mean \"--split\"?)");
  expect(run({"train", "-x"}), 2, "unknown option \"-x\"; see `cutract train --help`");
  expect(train({}, "tpu"), 2, "--device tpu: expected auto, cpu or cuda[:N]");
}

// The option parser's own messages are meant for programmers, so users must not see them.
TEST_F(BadInput, UsageMistakesAreSaidInOurWords) {
  const struct {
    std::vector<std::string> args;
    const char* said;
  } table[] = {
      {{"predict"}, "error: cutract predict: MODEL is missing; usage: cutract predict "},
      {{"features", "a.wav"}, "error: cutract features: --out DIR is missing; usage: "},
      {{"corpus"}, "error: cutract corpus: expected a command: "},
      {{"train", "--seed", "-1"}, "error: --seed: is \"-1\", expected an integer from 0 to 9007199254740992"},
      {{"train", "--seed=9007199254740993"}, "error: --seed: is \"9007199254740993\", expected an integer from 0 to"},
      {{"train", "--seed", "99999999999999999999"}, "error: --seed: is \"99999999999999999999\", expected an integer"},
      {{"train", "--seed", "1e3"}, "error: --seed: is \"1e3\", expected an integer from 0 to 9007199254740992"},
      {{"train", "--fast-dev-run=0"}, "error: --fast-dev-run: is \"0\", expected an integer from 1 to 1000000"},
      {{"train", "--check-device", "gpu"}, "error: --check-device: is \"gpu\", expected cpu"},
      {{"train", "--out"}, "error: --out: has no value; expected --out DIR: run folder"},
      {{"train", "--out", "a", "--out", "b"}, "error: --out: given more than once, expected once"},
      {{"predict", "m", "a.wav", "--format", "cvs"},
       "error: --format: is \"cvs\", expected csv, npz or json (did you mean \"csv\"?)"},
      {{"features", "a.wav", "--preset", "kaldi", "-c", "c.toml", "--out", "f"}, " exclude each other; give only one"},
      {{"doctor", "now"}, "error: cutract doctor: unexpected argument \"now\"; usage: cutract doctor [options]"},
      {{"help", "trian"}, "error: unknown command \"trian\" (did you mean \"train\"?)"},
      {{"help", "train", "me"}, "error: cutract train: has no command \"me\""},
      {{"help", "config", "lr"}, "unknown section or setting \"lr\" (did you mean \"optim.lr\"?)"},
  };
  for (const auto& [args, said] : table) expect(run(args), 2, said);
}

TEST_F(BadInput, WithoutACommandTheHelpIsOnStderr) {
  const Finished f = run({});
  EXPECT_EQ(f.code, 2);
  EXPECT_EQ(f.out, "");
  EXPECT_NE(f.err.find("Usage: cutract COMMAND"), std::string::npos) << f.err;
  EXPECT_TRUE(f.last_line().starts_with("error: ")) << f.err;
  EXPECT_NE(f.last_line().find("expected a command"), std::string::npos) << f.err;
}

TEST_F(BadInput, EveryMistakeOfAConfigIsALineOfItsOwn) {
  corpus_.folder.write("c.toml", "[trainer]\nlr = 0.001\nmax_epochs = 1e2\n[optimizer]\nname = \"sgd\"\n");
  EXPECT_EQ(train().err,
            "error: c.toml:2:1: unknown key \"trainer.lr\" (did you mean \"optim.lr\"?)\n"
            "error: c.toml:3:14: trainer.max_epochs: expected an integer, got 100.0; write 100\n"
            "error: c.toml:4:2: unknown section \"optimizer\" (did you mean \"optim\"?)\n");
}

TEST_F(BadInput, NoGpu) {
  if (why_no_gpu().empty()) GTEST_SKIP() << "there is a GPU, real or emulated";
  const Finished f = train({}, "cuda");
  EXPECT_EQ(f.code, 7) << f.err;
  EXPECT_NE(f.last_line().find("--device cuda: "), std::string::npos) << f.err;
}

TEST_F(BadInput, UnknownInstructionSet) {
  setenv("CUTRACT_ISA", "sse9", 1);
  expect(run({"doctor"}), 2, "CUTRACT_ISA: is \"sse9\", expected portable, avx2 or avx512");
  expect(train(), 2, "CUTRACT_ISA");
  setenv("CUTRACT_ISA", "portable", 1);
  EXPECT_NE(run({"doctor"}).out.find("vectors       portable"), std::string::npos);
  unsetenv("CUTRACT_ISA");
}

TEST_F(BadInput, UnknownSplitNamesTheOnesThereAre) {
  ASSERT_EQ(train().code, 0);
  expect(run({"eval", "run", "--split", "tset", "--device", "cpu"}), 4, "tset");
}

TEST_F(BadInput, CorpusWithOtherChannels) {
  ASSERT_EQ(train().code, 0);
  replace("corpus.toml", "\"opening\"", "\"aperture\"");
  expect(run({"eval", "run", "--device", "cpu"}), 4, "its channels (height opening) are not those of");
}

}  // namespace
}  // namespace cutract
