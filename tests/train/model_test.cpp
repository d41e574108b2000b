// The model against PyTorch: nn.LSTM(bidirectional) + nn.Linear, from fixtures of tests/golden/make_lstm.py.
#include "train/model.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "kernels/loss.h"
#include "tests/support/support.h"
#include "train/batch.h"

namespace cutract {
namespace {

using test::golden;

struct Fixture {
  TensorFile file;
  std::string name;
  Matrix x, target;
  RaggedBatch ragged;
  Model model;

  explicit Fixture(const std::string& case_name) : Fixture(golden(case_name + ".safetensors"), case_name) {}
  Fixture(TensorFile f, const std::string& n)
      : file(std::move(f)), name(n), x(matrix("x")), target(matrix("target")), ragged(lengths()), model(shape(), 0.0f) {
    TensorFile parameters;
    for (const auto& [key, tensor] : file.tensors)
      if (key.starts_with("param.")) parameters.tensors[key.substr(6)] = tensor;
    model.load(parameters, name);
  }
  const Tensor& at(const std::string& key) const { return file.at(key, name); }
  Matrix matrix(const std::string& key) const {
    Matrix m(at(key).shape[0], at(key).shape[1]);
    m.values = at(key).as_f32();
    return m;
  }
  std::vector<std::int32_t> lengths() const {
    std::vector<std::int32_t> out;
    for (const auto v : at("length").as_i64()) out.push_back(static_cast<std::int32_t>(v));
    return out;
  }
  ModelShape shape() const {
    Index layers = 0;
    while (file.tensors.count("param.lstm.weight_ih_l" + std::to_string(layers))) ++layers;
    const auto& fc = at("param.fc.weight").shape;
    return {x.cols, fc[1] / 2, layers, fc[0]};
  }
};

class PyTorchParity : public testing::TestWithParam<const char*> {};

TEST_P(PyTorchParity, ForwardLossAndEveryGradient) {
  Fixture f(GetParam());
  Exec ex = CpuExec(2);
  for (const auto kind : {LossKind::mse, LossKind::mae}) {
    const std::string suffix = kind == LossKind::mse ? "" : "_mae";
    const auto y = f.model.forward(ex, f.x.view(), f.ragged.view());
    EXPECT_REL_L2(std::span(y.data, static_cast<std::size_t>(y.size())), f.at("y").as_f64(), 2e-6);
    const auto top = f.model.top();
    EXPECT_REL_L2(std::span(top.data, static_cast<std::size_t>(top.size())), f.at("h").as_f64(), 2e-6);

    Matrix dy(y.shape[0], y.shape[1]), dx(f.x.rows, f.x.cols);
    double value = 0;
    loss(ex, {kind, y, f.target.view(), dy.view(), {&value, {1}}});
    EXPECT_NEAR(value / f.at(kind == LossKind::mse ? "loss_mse" : "loss_mae").as_f64()[0], 1, 2e-6);

    f.model.zero_grads();
    f.model.backward(ex, dy.view(), dx.view());
    EXPECT_REL_L2(dx.values, f.at("dx" + suffix).as_f64(), 1e-5);
    for (const auto& p : f.model.parameters()) {
      SCOPED_TRACE(p.name + suffix);
      const std::span got(f.model.grads().data + p.offset, static_cast<std::size_t>(p.size));
      EXPECT_REL_L2(got, f.at("grad" + suffix + "." + p.name).as_f64(), 1e-5);
    }
  }
}
INSTANTIATE_TEST_SUITE_P(, PyTorchParity, testing::Values("lstm_a", "lstm_b", "lstm_c", "lstm_d"));

TEST(Model, BaselineHas613902ParametersUnderPyTorchsNames) {
  const Model model({80, 128, 2, 14}, 0.3f);
  EXPECT_EQ(model.size(), 613902);
  std::set<std::string> ours, theirs;
  for (const auto& p : model.parameters()) ours.insert(p.name);
  for (const auto& [key, tensor] : golden("lstm_init.safetensors").tensors)
    if (key.starts_with("stats.")) theirs.insert(key.substr(6));
  EXPECT_EQ(ours, theirs);
}

// Mean, deviation and range of each tensor as PyTorch draws them: uniform within the bound the fixture states.
TEST(Model, InitialDistributionIsPyTorchs) {
  Model model({80, 128, 2, 14}, 0.3f);
  model.initialise(17);
  const TensorFile file = golden("lstm_init.safetensors");
  for (const auto& p : model.parameters()) {
    SCOPED_TRACE(p.name);
    const double bound = file.at("stats." + p.name, "lstm_init").as_f64()[4];
    const std::span<float> w(model.params().data + p.offset, static_cast<std::size_t>(p.size));
    double sum = 0, squares = 0, most = 0;
    for (const float v : w) {
      sum += static_cast<double>(v), squares += static_cast<double>(v) * static_cast<double>(v);
      most = std::max(most, std::abs(static_cast<double>(v)));
    }
    const double n = static_cast<double>(p.size), deviation = bound / std::sqrt(3.0);
    EXPECT_LE(most, bound * (1 + 1e-6));
    EXPECT_GE(most, bound * (1 - 12 / n));
    EXPECT_NEAR(sum / n, 0, 5 * deviation / std::sqrt(n));
    EXPECT_NEAR(std::sqrt(squares / n), deviation, 5 * deviation / std::sqrt(n));
  }
}

TEST(Model, InitialisationIsAFunctionOfTheSeed) {
  Model a({5, 7, 2, 3}, 0), b({5, 7, 2, 3}, 0), c({5, 7, 2, 3}, 0);
  a.initialise(1), b.initialise(1), c.initialise(2);
  const auto values = [](Model& m) { return std::vector<float>(m.params().data, m.params().data + m.size()); };
  EXPECT_EQ(values(a), values(b));
  EXPECT_NE(values(a), values(c));
}

// Output and gradient of a batch are those of its utterances one at a time, dropout masks included: a mask belongs to
// the utterance, not to its place.
TEST(Model, BatchOfOneEqualsBatchOfMany) {
  Exec ex = CpuExec(2);
  test::Rng rng(11);
  std::vector<Example> examples(5);
  for (std::size_t i = 0; i < examples.size(); ++i) {
    const Index T = std::vector<Index>{23, 17, 17, 4, 1}[i];
    examples[i].features = Matrix(T, 6), examples[i].targets = Matrix(T, 3);
    examples[i].features.values = rng.normals(T * 6), examples[i].targets.values = rng.normals(T * 3);
  }
  Model model({6, 33, 2, 3}, 0.4f);
  model.initialise(3);
  const auto run = [&](const std::vector<int>& order, std::vector<float>& y, std::vector<float>& dx) {
    const Batch batch = make_batch(examples, order);
    const Model::Dropout masks{5, 8, {batch.uid.data(), {static_cast<Index>(batch.uid.size())}}};
    const auto out = model.forward(ex, batch.x.view(), batch.ragged.view(), &masks);
    y.insert(y.end(), out.data, out.data + out.size());
    Matrix grad(out.shape[0], out.shape[1]), dxs(batch.x.rows, batch.x.cols);
    for (Index i = 0; i < out.size(); ++i)
      grad.values[static_cast<std::size_t>(i)] = out.data[i] - batch.target.values[static_cast<std::size_t>(i)];
    model.backward(ex, grad.view(), dxs.view());
    dx.insert(dx.end(), dxs.values.begin(), dxs.values.end());
  };
  std::vector<float> y_all, dx_all, y_one, dx_one;
  model.zero_grads();
  run({0, 1, 2, 3, 4}, y_all, dx_all);
  const std::vector<float> grads_all(model.grads().data, model.grads().data + model.size());
  model.zero_grads();
  for (int i = 0; i < 5; ++i) run({i}, y_one, dx_one);
  EXPECT_REL_L2(y_one, y_all, 2e-6);
  EXPECT_REL_L2(dx_one, dx_all, 1e-5);
  EXPECT_REL_L2(std::span(model.grads().data, static_cast<std::size_t>(model.size())), grads_all, 1e-5);
}

TEST(Model, RefusesTensorsThatDoNotFit) {
  Model model({5, 7, 1, 3}, 0), other({5, 8, 1, 3}, 0);
  TensorFile file;
  other.save(file);
  EXPECT_FAULT(model.load(file, "m.safetensors"), Fault::data,
               "m.safetensors: tensor lstm.weight_ih_l0 has another shape");
  file.tensors.erase("fc.bias");
  EXPECT_FAULT(other.load(file, "m.safetensors"), Fault::data, "fc.bias");
}

}  // namespace
}  // namespace cutract
