// A checkpoint that an earlier build wrote has to load and predict what it predicted then. tests/golden/checkpoint-1 is
// a folder as training left it, and movement.safetensors in it holds a prediction. A format that changes gets a folder
// of its own; those of released versions stay. CUTRACT_MAKE_GOLDEN_CHECKPOINT=1 writes the folder anew.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>

#include "features/extractor.h"
#include "host/io/atomic_file.h"
#include "host/io/audio.h"
#include "host/run/find_checkpoint.h"
#include "model/predictor.h"
#include "model/trained_model.h"
#include "tests/support/support.h"
#include "tests/support/tiny_corpus.h"
#include "train/schedule.h"
#include "train/state.h"
#include "train/trainer.h"

namespace cutract {
namespace {

const std::string kFolder = std::string(CUTRACT_SOURCE_DIR) + "/tests/golden/checkpoint-1";

// A chirp over a whole second, so that no file has to be kept with the golden.
std::vector<float> chirp() {
  std::vector<float> samples(8000);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const double t = static_cast<double>(i) / 8000;
    samples[i] = static_cast<float>(0.3 * std::sin(2 * 3.14159265358979 * (300 + 900 * t) * t));
  }
  return samples;
}

Matrix movement(const TrainedModel& m) {
  Exec ex = CpuExec(1);
  const Extractor extractor(m.config.features);
  Network network(ex, m.model);
  return predict(ex, m, network, features_of(ex, extractor, chirp()), "a");
}

void make() {
  const test::TinyCorpus corpus;
  const std::vector<std::string> small{"model.hidden=4", "model.layers=1", "trainer.max_epochs=2"};
  const RunConfig config = read_run_config(corpus.folder.write("config.toml", corpus.config()), small);
  TrainOptions options;
  options.run_dir = corpus.folder / "run";
  Progress progress({.quiet = true, .write = [](const std::string&) {}, .now = std::chrono::steady_clock::now});
  Exec ex = CpuExec(1);
  train(ex, config, options, progress);
  std::filesystem::remove_all(kFolder);
  std::filesystem::copy(find_checkpoint(options.run_dir), kFolder);
  const Matrix y = movement(load_model(kFolder));
  TensorFile file;
  file.tensors["movement"] = Tensor::f32({y.rows, y.cols}, y.values);
  save_atomically(real_file_system(), kFolder + "/movement.safetensors", encode_safetensors(file));
}

TEST(GoldenCheckpoint, PredictsWhatItDid) {
  if (std::getenv("CUTRACT_MAKE_GOLDEN_CHECKPOINT") != nullptr) make();
  const Tensor want = test::read_safetensors(kFolder + "/movement.safetensors").at("movement", kFolder);
  const Matrix got = movement(load_model(kFolder));
  ASSERT_EQ(want.shape, (std::vector<Index>{got.rows, got.cols}));
  const std::vector<float> values = want.as_f32();
  EXPECT_LE(test::rel_l2(got.values, values), 1e-5);
}

TEST(GoldenCheckpoint, ItsStateLoads) {
  const SavedState saved = decode_state(read_file(kFolder + "/state.safetensors"), kFolder);
  EXPECT_EQ(saved.state.epoch, 2);
  EXPECT_EQ(saved.state.val_losses.size(), 2u);
  EXPECT_EQ(saved.record.steps, 6);
  Schedule schedule({.name = ScheduleKind::plateau}, 1.0, 3, 2);
  schedule.restore(saved.state.schedule, kFolder);
  EXPECT_EQ(schedule.lr(), 0.01);
  EXPECT_EQ(static_cast<Index>(saved.m.size()), load_model(kFolder).model.size());
}

}  // namespace
}  // namespace cutract
