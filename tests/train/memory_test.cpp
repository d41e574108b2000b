// The emulated GPU runs out of memory at every place where it can.
#include <filesystem>

#include "features/dataset/batcher.h"
#include "host/device/emulated_gpu.h"
#include "host/io/atomic_file.h"
#include "host/io/sha256.h"
#include "model/evaluator.h"
#include "tests/support/support.h"
#include "tests/support/tiny_corpus.h"
#include "train/state.h"
#include "train/stepper.h"
#include "train/trainer.h"

namespace cutract {
namespace {

namespace fs = std::filesystem;

class OutOfMemory : public testing::Test {
 protected:
  void TearDown() override { set_emulated_memory({}); }

  // One epoch or more of the smallest model: data, steps, validation and checkpoints.
  TrainResult go(const std::string& out, std::vector<std::string> set = {}) {
    set.insert(set.begin(), {"model.hidden=3", "model.layers=1", "trainer.max_epochs=1", "features.n_mels=3"});
    const RunConfig config = read_run_config(corpus_.folder.write("config.toml", corpus_.config()), set);
    TrainOptions options;
    options.run_dir = corpus_.folder / out;
    Progress progress({.quiet = true, .write = [](const std::string&) {}, .now = std::chrono::steady_clock::now});
    Exec ex(std::in_place_type<GpuExec>, 0);
    return train(ex, config, options, progress);
  }
  std::string last_model(const std::string& out) {
    const std::string folder = corpus_.folder / out + "/checkpoints/";
    std::string name = read_file(folder + "last");
    while (!name.empty() && name.back() == '\n') name.pop_back();
    return sha256_hex(read_file(folder + name + "/model.safetensors"));
  }
  test::TinyCorpus corpus_;
};

// Each allocation on the device fails in turn, while loading, training, validating and saving. Each time there is one
// sentence, no memory stays allocated on the device, no file is broken, and the next attempt gives the bits of a run
// that never failed.
TEST_F(OutOfMemory, EveryAllocationFailsInTurn) {
  const Index before = emulated_bytes();
  set_emulated_memory({});
  go("whole");
  const Index allocations = emulated_allocations();
  ASSERT_GT(allocations, 30);
  const std::string want = last_model("whole");
  for (Index n = 1; n <= allocations; ++n) {
    SCOPED_TRACE("allocation " + std::to_string(n) + " of " + std::to_string(allocations));
    set_emulated_memory({.failing = n});
    EXPECT_FAULT(go("cut"), Fault::memory, "out of GPU memory for ");
    EXPECT_EQ(emulated_bytes(), before);
    set_emulated_memory({});
    if (fs::exists(corpus_.folder / "cut/checkpoints/last")) {
      EXPECT_EQ(last_model("cut"), want);
    } else if (n % 16 == 0 || n == allocations) {
      go("cut");
      EXPECT_EQ(last_model("cut"), want);
    }
    fs::remove_all(corpus_.folder / "cut");
    if (HasFailure()) return;
  }
  RecordProperty("allocations", std::to_string(allocations));
}

// For a batch that does not fit, the message names the setting to change; with that changed, the same process trains.
TEST_F(OutOfMemory, ASmallerBatchFits) {
  set_emulated_memory({});
  const std::vector<std::string> wide{"model.hidden=16", "model.layers=2"};
  const auto with = [&](const char* batch) {
    std::vector<std::string> set = wide;
    set.emplace_back(batch);
    return set;
  };
  set_emulated_memory({.limit = emulated_bytes() + (Index{600} << 10)});
  EXPECT_FAULT(go("large", with("trainer.batch_size=6")), Fault::memory,
               "out of GPU memory for the activations of a step: wanted ");
  EXPECT_EQ(go("small", with("trainer.batch_size=1")).epochs, 1);
}

// Features that do not fit on the device stay in host memory, chunk by chunk, and have the same values.
TEST_F(OutOfMemory, ADatasetThatDoesNotFitStaysOnTheHost) {
  Exec ex(std::in_place_type<GpuExec>, 0);
  const Extractor extractor(feature_preset("kaldi"));
  Corpus corpus = read_corpus(corpus_.dir);
  const std::vector<Utterance> few = corpus.utterances;
  for (int again = 1; again < 12; ++again)
    for (Utterance u : few) {
      u.id += std::to_string(again);
      corpus.utterances.push_back(u);
    }
  struct Loaded {
    std::vector<std::vector<float>> features;
    std::vector<float> batch;  // of utterances from both chunks
    std::string statistics;
    Index taken = 0;  // bytes on the device
  };
  const auto load = [&] {
    const Index before = emulated_bytes();
    Loaded out;
    Dataset data = load_dataset(ex, corpus, "train", extractor, false);
    out.taken = emulated_bytes() - before;
    out.statistics = fit_features(ex, Scope::speaker, data).hash();
    for (const Example& e : data.examples) out.features.push_back(e.features.matrix(ex).values);
    Batches batches(ex, data.examples, 2);
    const int last = static_cast<int>(data.examples.size()) - 1;
    batches.set(ex, {data.examples[0].features.rows() < data.examples.back().features.rows() ? std::vector{last, 0}
                                                                                             : std::vector{0, last}});
    const Batch batch = batches.load(ex, 0);
    out.batch.resize(static_cast<std::size_t>(batch.x.size()));
    copy_to_host(ex, batch.x.data, std::span(out.batch));
    return out;
  };
  const auto expect_same = [](const Loaded& got, const Loaded& want) {
    EXPECT_EQ(got.features, want.features);
    EXPECT_EQ(got.batch, want.batch);
    EXPECT_EQ(got.statistics, want.statistics);
  };
  load();  // tables and scratch stay
  const Loaded want = load();
  ASSERT_EQ(want.features.size(), 72u) << "a chunk has 64";
  Loaded some;
  for (int again = 0; again < 2; ++again) {  // scratch memory for data on the host is kept from the first call
    set_emulated_memory({.limit = emulated_bytes() + 2 * want.taken - 2});
    some = load();
    expect_same(some, want);
  }
  EXPECT_GT(some.taken, want.taken / 2) << "the first chunk";
  EXPECT_LT(some.taken, want.taken) << "and not the second";
}

// The same for targets.
TEST_F(OutOfMemory, TargetsThatDoNotFitStayOnTheHost) {
  test::Rng rng(7);
  Exec ex(std::in_place_type<GpuExec>, 0);
  std::vector<Example> examples(9);
  for (Example& e : examples) {
    e.features = Frames(ex, Matrix(40, 1));
    e.targets = Matrix(40, 30);
    e.targets.values = rng.normals(40 * 30);
  }
  const auto loaded = [&] {
    const Index before = emulated_bytes();
    Batches batches(ex, examples, 2);
    batches.set(ex, {{3, 5}, {8, 0}});
    const Batch batch = batches.load(ex, 1);
    std::vector<float> target(static_cast<std::size_t>(batch.target.size()));
    copy_to_host(ex, batch.target.data, std::span(target));
    return std::pair{target, emulated_bytes() - before};
  };
  const auto [want, fits] = loaded();
  const Index targets = 9 * 40 * 30 * 4;
  set_emulated_memory({.limit = emulated_bytes() + 2 * targets - 2});
  const auto [got, does_not] = loaded();
  EXPECT_EQ(got, want);
  EXPECT_GE(fits - does_not, targets);
}

// Everything that training and validation need is allocated before the first step.
TEST(Memory, NothingIsTakenOnceStepsBegin) {
  test::Rng rng(9);
  Exec ex(std::in_place_type<GpuExec>, 0);
  std::vector<Example> examples(7);
  for (Example& e : examples) {
    const Index T = 3 + rng.below(30);
    e.speaker = "anna";
    e.unit_per_z = {1, 1};
    Matrix features(T, 5);
    features.values = rng.normals(T * 5);
    e.features = Frames(ex, features);
    e.targets = Matrix(T, 2);
    e.targets.values = rng.normals(T * 2);
  }
  const Dataset data{std::move(examples), {}};
  const std::vector<Channel> channels{{"x", "mm"}, {"y", "mm"}};
  for (const auto& [H, precision] : {std::pair<Index, Precision>{9, Precision::fp32}, {64, Precision::bf16}}) {
    Model model(bi_lstm_spec(5, H, 2, 2, 0.3));
    model.initialise(1);
    Network network(ex, model, {.precision = precision});
    Optimizer optimizer(ex, {}, model.size());
    Batches batches(ex, data.examples, 3);
    Evaluator evaluator(ex, data, 3);
    network.reserve(ex, std::max(batches.most_rows(), evaluator.most_rows()));
    Stepper stepper(ex, network, optimizer, batches, {});
    set_emulated_memory({});
    for (int epoch = 0; epoch < 4; ++epoch) {
      const auto order = training_batches(data.lengths(), 3, 17, epoch, "", 1);
      stepper.begin_epoch(order, 1e-3);
      for (std::size_t i = 0; i < order.size(); ++i) stepper.step();
      EXPECT_EQ(stepper.wait().taken, 3);
      evaluator(ex, network, channels, "val", RunConfig{});
    }
    EXPECT_EQ(emulated_allocations(), 0) << "H " << H;
  }
}

}  // namespace
}  // namespace cutract
