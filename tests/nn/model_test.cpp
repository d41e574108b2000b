// The model, compared with PyTorch's nn.LSTM(bidirectional) + nn.Linear by the fixtures of tests/golden/make_lstm.py.
#include "nn/model.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "features/dataset/batches.h"
#include "kernels/loss.h"
#include "nn/network.h"
#include "tests/kernels/on_each_device.h"
#include "tests/support/support.h"

namespace cutract {
namespace {

using test::Device;
using test::golden;

struct Fixture {
  TensorFile file;
  std::string name;
  Matrix x, target;
  Model model;

  explicit Fixture(const std::string& case_name) : Fixture(golden(case_name + ".safetensors"), case_name) {}
  Fixture(TensorFile f, const std::string& n)
      : file(std::move(f)), name(n), x(matrix("x")), target(matrix("target")), model(spec()) {
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
  ModelSpec spec() const {
    Index layers = 0;
    while (file.tensors.count("param.lstm.weight_ih_l" + std::to_string(layers))) ++layers;
    const auto& fc = at("param.fc.weight").shape;
    return bi_lstm_spec(x.cols, fc[1] / 2, layers, fc[0]);
  }
};

// The output of the top layer in the last forward.
In top_of(const Network& network) {
  In top;
  for (const auto& [name, array] : network.activations())
    if (name.ends_with(", output")) top = array;
  return top;
}

std::string name_of(const testing::TestParamInfo<std::tuple<const char*, Device>>& info) {
  return std::get<0>(info.param) + std::string("_") + test::device_name({std::get<1>(info.param), 0});
}

class PyTorchParity : public testing::TestWithParam<std::tuple<const char*, Device>> {};

TEST_P(PyTorchParity, ForwardLossAndEveryGradient) {
  std::optional<Exec> found = test::exec_for(std::get<1>(GetParam()));
  if (!found) GTEST_SKIP() << why_no_gpu();
  Exec& ex = *found;
  Fixture f(std::get<0>(GetParam()));
  Network network(ex, f.model);
  const Buffer<float> x(ex, f.x.values), target(ex, f.target.values);
  const View<const float, 2> xs(x.data(), {f.x.rows, f.x.cols}), targets(target.data(), {f.target.rows, f.target.cols});
  test::RaggedBlock ragged(ex, f.lengths());
  for (const auto kind : {LossKind::mse, LossKind::mae}) {
    const std::string suffix = kind == LossKind::mse ? "" : "_mae";
    const auto y = network.forward(ex, xs, ragged.view());
    EXPECT_REL_L2(to_host(ex, y), f.at("y").as_f64(), 2e-6);
    EXPECT_REL_L2(to_host(ex, top_of(network)), f.at("h").as_f64(), 2e-6);

    const Buffer<float> dy(ex, y.size()), dx(ex, xs.size());
    const Buffer<double> value(ex, 1);
    const View<float, 2> dys(dy.data(), y.shape), dxs(dx.data(), xs.shape);
    loss(ex, {kind, y, targets, ragged.view(), dys, value.view()});
    EXPECT_NEAR(value.values(ex)[0] / f.at(kind == LossKind::mse ? "loss_mse" : "loss_mae").as_f64()[0], 1, 2e-6);

    network.zero_grads(ex);
    network.backward(ex, dys, dxs);
    EXPECT_REL_L2(dx.values(ex), f.at("dx" + suffix).as_f64(), 1e-5);
    const std::vector<float> grads = to_host(ex, network.grads());
    for (const auto& p : f.model.parameters()) {
      SCOPED_TRACE(p.name + suffix);
      const std::span got(grads.data() + p.offset, static_cast<std::size_t>(p.size));
      EXPECT_REL_L2(got, f.at("grad" + suffix + "." + p.name).as_f64(), 1e-5);
    }
  }
}
INSTANTIATE_TEST_SUITE_P(, PyTorchParity,
                         testing::Combine(testing::Values("lstm_a", "lstm_b", "lstm_c", "lstm_d"),
                                          testing::Values(Device::cpu, Device::gpu)),
                         name_of);

TEST(Model, BaselineHas613902ParametersUnderPyTorchsNames) {
  const Model model(bi_lstm_spec(80, 128, 2, 14, 0.3));
  EXPECT_EQ(model.size(), 613902);
  EXPECT_EQ(parameter_count(bi_lstm_spec(80, 128, 2, 14)), 613902);
  EXPECT_EQ(parameter_count(bi_lstm_spec(13, 7, 4, 3)), Model(bi_lstm_spec(13, 7, 4, 3)).size());
  std::set<std::string> ours, theirs;
  for (const auto& p : model.parameters()) ours.insert(p.name);
  for (const auto& [key, tensor] : golden("lstm_init.safetensors").tensors)
    if (key.starts_with("stats.")) theirs.insert(key.substr(6));
  EXPECT_EQ(ours, theirs);
}

// Mean, deviation and range of each tensor as PyTorch draws them: uniform within the bound the fixture states.
TEST(Model, InitialDistributionIsPyTorchs) {
  Model model(bi_lstm_spec(80, 128, 2, 14, 0.3));
  model.initialise(17);
  const TensorFile file = golden("lstm_init.safetensors");
  for (const auto& p : model.parameters()) {
    SCOPED_TRACE(p.name);
    const double bound = file.at("stats." + p.name, "lstm_init").as_f64()[4];
    const std::span<float> w(model.values().data() + p.offset, static_cast<std::size_t>(p.size));
    double sum = 0, squares = 0, most = 0;
    for (const float v : w) {
      sum += static_cast<double>(v);
      squares += static_cast<double>(v) * static_cast<double>(v);
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
  const ModelSpec spec = bi_lstm_spec(5, 7, 2, 3);
  Model a(spec), b(spec), c(spec);
  a.initialise(1);
  b.initialise(1);
  c.initialise(2);
  EXPECT_EQ(a.values(), b.values());
  EXPECT_NE(a.values(), c.values());
}

// A batch gives the same output and gradient as its utterances one at a time, dropout masks included: a mask depends on
// the utterance, not on its place in the batch.
class NetworkOnEachDevice : public test::OnEachDevice {};

TEST_P(NetworkOnEachDevice, BatchOfOneEqualsBatchOfMany) {
  Exec& ex = exec();
  test::Rng rng(11);
  std::vector<Example> examples(5);
  for (std::size_t i = 0; i < examples.size(); ++i) {
    const Index T = std::vector<Index>{23, 17, 17, 4, 1}[i];
    Matrix features(T, 6);
    features.values = rng.normals(T * 6);
    examples[i].features = Frames(ex, features);
    examples[i].targets = Matrix(T, 3);
    examples[i].targets.values = rng.normals(T * 3);
  }
  Model model(bi_lstm_spec(6, 33, 2, 3, 0.4));
  model.initialise(3);
  Network network(ex, model);
  Batches batches(ex, examples, 5);
  const Buffer<Index> step(ex, std::vector<Index>{8});
  const auto run = [&](const std::vector<int>& order, std::vector<float>& y, std::vector<float>& dx) {
    batches.set(ex, {order});
    const Batch batch = batches.load(ex, 0);
    const Masks masks{5, step.view(), batch.uid};
    const auto out = network.forward(ex, batch.x, batch.ragged, &masks);
    std::vector<float> grad = to_host(ex, out);
    y.insert(y.end(), grad.begin(), grad.end());
    const std::vector<float> target = to_host(ex, batch.target);
    for (std::size_t i = 0; i < grad.size(); ++i) grad[i] -= target[i];
    const Buffer<float> dy(ex, grad), dxs(ex, batch.x.size());
    network.backward(ex, {dy.data(), out.shape}, {dxs.data(), batch.x.shape});
    const std::vector<float> some = dxs.values(ex);
    dx.insert(dx.end(), some.begin(), some.end());
  };
  std::vector<float> y_all, dx_all, y_one, dx_one;
  run({0, 1, 2, 3, 4}, y_all, dx_all);
  const std::vector<float> grads_all = to_host(ex, network.grads());
  network.zero_grads(ex);
  for (int i = 0; i < 5; ++i) run({i}, y_one, dx_one);
  EXPECT_REL_L2(y_one, y_all, 2e-6);
  EXPECT_REL_L2(dx_one, dx_all, 1e-5);
  EXPECT_REL_L2(to_host(ex, network.grads()), grads_all, 1e-5);
}
CUTRACT_ON_EACH_DEVICE(NetworkOnEachDevice);

TEST(Model, RefusesTensorsThatDoNotFit) {
  Model model(bi_lstm_spec(5, 7, 1, 3)), other(bi_lstm_spec(5, 8, 1, 3));
  TensorFile file;
  other.save(file);
  EXPECT_FAULT(model.load(file, "m.safetensors"), Fault::data,
               "m.safetensors: tensor lstm.weight_ih_l0 does not have the shape");
  file.tensors.erase("fc.bias");
  EXPECT_FAULT(other.load(file, "m.safetensors"), Fault::data, "fc.bias");
}

}  // namespace
}  // namespace cutract
