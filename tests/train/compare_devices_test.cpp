#include "train/compare_devices.h"

#include "kernels/lstm/rnn_gpu.h"
#include "tests/kernels/on_each_device.h"
#include "tests/support/support.h"

namespace cutract {
namespace {

std::vector<Example> random_examples(Exec& ex, test::Rng& rng, Index F, Index P) {
  std::vector<Example> examples;
  for (const Index T : {30, 17, 5}) {
    Example& e = examples.emplace_back();
    Matrix features(T, F);
    features.values = rng.normals(T * F);
    e.features = Frames(ex, features);
    e.targets = Matrix(T, P);
    e.targets.values = rng.normals(T * P);
  }
  return examples;
}

constexpr std::size_t kCompared = 33;  // arrays that are compared for the model below

struct CompareDevices : testing::Test {
  test::Rng rng{4};
  Exec cpu = CpuExec(2);
  std::vector<Example> examples = random_examples(cpu, rng, 6, 3);
  Model model{bi_lstm_spec(6, 9, 2, 3, 0.3)};
  RunConfig config;
  void SetUp() override {
    model.initialise(2);
    config.trainer.batch_size = 2;
  }
};

TEST_F(CompareDevices, TheCpuAgreesWithItself) {
  Exec other = CpuExec(3);
  const std::vector<Compared> all = compare_devices(cpu, other, config, model, examples);
  EXPECT_EQ(all.size(), kCompared);
  for (const Compared& c : all) EXPECT_EQ(c.difference, 0) << c.what;
}

TEST_F(CompareDevices, OnTheGpuAgreesWithTheCpu) {
  std::optional<Exec> gpu = test::exec_for(test::Device::gpu);
  if (!gpu) GTEST_SKIP() << why_no_gpu();
  for (Example& e : examples) e.features = Frames(*gpu, e.features.matrix(cpu));
  for (const LstmEngine engine : {LstmEngine::steps, LstmEngine::cudnn}) {
    SCOPED_TRACE(name_of(engine));
    config.trainer.engine = engine;
    if (engine == LstmEngine::cudnn && !why_no_cudnn().empty()) continue;
    const std::vector<Compared> all = compare_devices(*gpu, cpu, config, model, examples);
    // cuDNN does not expose the cell states and the gradients of the gates of its two layers.
    EXPECT_EQ(all.size(), engine == LstmEngine::cudnn ? kCompared - 4 : kCompared);
    for (const Compared& c : all) EXPECT_TRUE(c.agrees()) << c.what << ": " << c.difference;
  }
}

TEST_F(CompareDevices, WithAttentionTheGpuAgreesWithTheCpu) {
  std::optional<Exec> gpu = test::exec_for(test::Device::gpu);
  if (!gpu) GTEST_SKIP() << why_no_gpu();
  for (Example& e : examples) e.features = Frames(*gpu, e.features.matrix(cpu));
  for (const char* block : {"attention heads=1", "transformer heads=1 layers=2 feed_forward=40 activation=gelu",
                            "conformer heads=1 layers=2 feed_forward=40 kernel=7"}) {
    SCOPED_TRACE(block);
    const std::vector<std::string> entries{"dense width=32 activation=none", block};
    Model other({model.spec().inputs, model.spec().outputs, parse_stack(entries, "model.stack")});
    other.initialise(4);
    const std::vector<Compared> all = compare_devices(*gpu, cpu, config, other, examples);
    EXPECT_GT(all.size(), other.parameters().size());
    for (const Compared& c : all) EXPECT_TRUE(c.agrees()) << c.what << ": " << c.difference;
  }
}

TEST_F(CompareDevices, WhatIsNotANumberDoesNotAgree) {
  examples[1].features.view().data[7] = std::nanf("");
  EXPECT_FAULT(check_device(cpu, config, model, examples), Fault::device,
               "lstm layer 0, cell state differs from the CPU's by nan");
}

}  // namespace
}  // namespace cutract
