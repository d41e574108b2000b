// Loss curves and parameters of whole training steps against PyTorch (R5): Adam, Adam with L2, AdamW, clipping at 1.0.
#include <gtest/gtest.h>

#include "tests/support/support.h"
#include "train/optimizer.h"

namespace cutract {
namespace {

using test::golden;

struct Curve {
  TensorFile file = golden("lstm_curves.safetensors");
  std::vector<Batch> batches;
  Model model{{20, 16, 2, 4}, 0.0f};

  Curve() {
    TensorFile parameters;
    for (const auto& [key, tensor] : file.tensors)
      if (key.starts_with("param.")) parameters.tensors[key.substr(6)] = tensor;
    model.load(parameters, "lstm_curves");
    for (int b = 0; b < 3; ++b) {
      const std::string at = "batch" + std::to_string(b) + ".";
      std::vector<std::int32_t> lengths;
      for (const auto v : tensor(at + "length").as_i64()) lengths.push_back(static_cast<std::int32_t>(v));
      Batch batch;
      batch.ragged = RaggedBatch(lengths);
      batch.x = Matrix(tensor(at + "x").shape[0], 20), batch.x.values = tensor(at + "x").as_f32();
      batch.target = Matrix(batch.x.rows, 4), batch.target.values = tensor(at + "target").as_f32();
      batch.uid.resize(lengths.size());
      batches.push_back(std::move(batch));
    }
  }
  const Tensor& tensor(const std::string& name) const { return file.at(name, "lstm_curves"); }
};

struct Case {
  const char* name;
  OptimConfig optim;
};

class LossCurve : public testing::TestWithParam<Case> {};

TEST_P(LossCurve, IsPyTorchs) {
  const auto& [name, optim] = GetParam();
  Curve c;
  Exec ex = CpuExec(2);
  Optimizer optimizer(optim, c.model.size());
  const std::vector<double> losses = c.tensor(std::string(name) + ".loss").as_f64();
  const std::vector<double> norms = c.tensor(std::string(name) + ".grad_norm").as_f64();
  for (std::size_t step = 0; step < losses.size(); ++step) {
    const StepResult r = train_step(ex, c.model, optimizer, c.batches[step % 3], optim.lr, {LossKind::mse, 1.0, 0});
    ASSERT_NEAR(r.loss / losses[step], 1, step < 20 ? 1e-5 : 1e-3) << "step " << step;
    ASSERT_NEAR(r.grad_norm / norms[step], 1, step < 20 ? 1e-4 : 1e-2) << "step " << step;
    if (step != 19) continue;
    for (const auto& p : c.model.parameters()) {  // sharper than the loss: an ignored weight decay moves these by 2e-4
      const std::span got(c.model.params().data + p.offset, static_cast<std::size_t>(p.size));
      EXPECT_REL_L2(got, c.tensor(std::string(name) + ".after20." + p.name).as_f32(), 1e-5);
    }
  }
}
INSTANTIATE_TEST_SUITE_P(, LossCurve,
                         testing::Values(Case{"adam", {.name = "adam"}},
                                         Case{"adamw", {.name = "adamw", .weight_decay = 0.01}},
                                         Case{"adam_l2", {.name = "adam", .weight_decay = 0.01}}),
                         [](const auto& p) { return std::string(p.param.name); });

// A step that is not finite changes neither parameters nor moments nor the step count.
TEST(TrainStep, SkipsWhatIsNotFinite) {
  Curve c;
  Exec ex = CpuExec(1);
  Optimizer optimizer({}, c.model.size());
  train_step(ex, c.model, optimizer, c.batches[0], 1e-3, {});
  const std::vector<float> before(c.model.params().data, c.model.params().data + c.model.size()), m = optimizer.m,
                                                                                                  v = optimizer.v;
  Batch bad = c.batches[1];
  bad.x.values[5] = std::nanf("");
  const StepResult r = train_step(ex, c.model, optimizer, bad, 1e-3, {});
  EXPECT_FALSE(r.finite);
  EXPECT_EQ(before, std::vector<float>(c.model.params().data, c.model.params().data + c.model.size()));
  EXPECT_EQ(m, optimizer.m);
  EXPECT_EQ(v, optimizer.v);
  EXPECT_EQ(optimizer.step, 1);
}

}  // namespace
}  // namespace cutract
