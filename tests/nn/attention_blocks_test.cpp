// Blocks with attention, compared with PyTorch by the fixtures of tests/golden/make_attention.py.
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "nn/network.h"
#include "tests/kernels/on_each_device.h"
#include "tests/support/support.h"

namespace cutract::test {
namespace {

std::vector<BlockConfig> parsed(const std::vector<std::string>& entries) { return parse_stack(entries, "model.stack"); }

using Given = std::tuple<const char*, Device>;
std::string name_of(const testing::TestParamInfo<Given>& info) {
  return std::get<0>(info.param) + std::string("_") + device_name({std::get<1>(info.param), 0});
}

class AttentionParity : public testing::TestWithParam<Given> {};

TEST_P(AttentionParity, ForwardAndEveryGradient) {
  std::optional<Exec> found = exec_for(std::get<1>(GetParam()));
  if (!found) GTEST_SKIP() << why_no_gpu();
  Exec& ex = *found;
  const std::string name = std::get<0>(GetParam());
  const TensorFile file = golden(name + ".safetensors");
  const auto at = [&](const std::string& key) -> const Tensor& { return file.at(key, name); };
  const Index N = at("x").shape[0], F = at("x").shape[1], P = at("y").shape[1];
  Model model({F, P, parsed({file.metadata.at("stack")})});
  TensorFile parameters;
  for (const auto& [key, tensor] : file.tensors)
    if (key.starts_with("param.")) parameters.tensors[key.substr(6)] = tensor;
  model.load(parameters, name);
  EXPECT_EQ(parameters.tensors.size(), model.parameters().size());

  Network network(ex, model);
  Block<float> x(ex, at("x").as_f32()), dy(ex, at("dy").as_f32()), dx(ex, N * F);
  std::vector<std::int32_t> lengths;
  for (const auto v : at("length").as_i64()) lengths.push_back(static_cast<std::int32_t>(v));
  RaggedBlock ragged(ex, lengths);
  const In y = network.forward(ex, x.view<2>({N, F}), ragged.view());
  EXPECT_REL_L2(to_host(ex, y), at("y").as_f64(), 2e-6);
  network.backward(ex, dy.view<2>({N, P}), dx.view<2>({N, F}));
  EXPECT_REL_L2(dx.values(), at("dx").as_f64(), 1e-5);
  const std::vector<float> grads = to_host(ex, network.grads());
  for (const Parameter& p : model.parameters()) {
    SCOPED_TRACE(p.name);
    const std::span own(grads.data() + p.offset, static_cast<std::size_t>(p.size));
    EXPECT_REL_L2(own, at("grad." + p.name).as_f64(), 1e-5);
  }
}
INSTANTIATE_TEST_SUITE_P(, AttentionParity,
                         testing::Combine(testing::Values("attention_a", "attention_pre", "attention_post",
                                                          "attention_rope", "attention_conformer",
                                                          "attention_conv_first"),
                                          testing::Values(Device::cpu, Device::gpu)),
                         name_of);

const std::vector<std::vector<std::string>> kStacks = {
    {"dense width=32 activation=gelu", "attention heads=1 dropout=0.2"},
    {"dense width=64 activation=none",
     "transformer heads=2 layers=2 feed_forward=20 dropout=0.2 activation=gelu window=4"},
    {"dense width=32 activation=none",
     "transformer heads=1 layers=2 feed_forward=20 dropout=0.2 activation=gelu norm=post"},
    {"dense width=32 activation=none", "conformer heads=1 layers=2 feed_forward=20 kernel=9 dropout=0.2"},
};

struct Outcome {
  std::vector<float> y, dx, grads;
};
// Forward and backward of a batch with dropout, which depends on the indices of the utterances.
Outcome run(Exec& ex, Network& network, std::vector<float> x, const std::vector<float>& dy,
            const std::vector<std::int32_t>& lengths, const std::vector<std::uint32_t>& uid, Index behind = 0) {
  const Index F = network.spec().inputs, P = network.spec().outputs, N = std::ssize(x) / F + behind;
  std::vector<float> d = dy;
  x.resize(static_cast<std::size_t>(N * F), 0.7f);
  d.resize(static_cast<std::size_t>(N * P), 0.0f);
  Block<float> xs(ex, x), dys(ex, d), dx(ex, N * F);
  Block<std::uint32_t> uids(ex, uid);
  Block<Index> step(ex, std::vector<Index>{5});
  RaggedBlock ragged(ex, lengths, behind);
  const Masks masks{3, step.view(), uids.view()};
  network.zero_grads(ex);
  Outcome out;
  out.y = to_host(ex, network.forward(ex, xs.view<2>({N, F}), ragged.view(), &masks));
  network.backward(ex, dys.view<2>({N, P}), dx.view<2>({N, F}));
  out.dx = dx.values();
  out.grads = to_host(ex, network.grads());
  return out;
}

Model model_of(const std::vector<std::string>& stack) {
  Model model({4, 3, parsed(stack)});
  model.initialise(8);
  return model;
}

class AttentionStacks : public OnEachDevice {};

TEST_P(AttentionStacks, BatchOfOneEqualsBatchOfMany) {
  Rng rng(62);
  const std::vector<float> x = rng.normals(75 * 4), dy = rng.normals(75 * 3);
  const auto rows = [](const std::vector<float>& v, Index width, Index first, Index n) {
    return std::vector<float>(v.begin() + first * width, v.begin() + (first + n) * width);
  };
  for (const auto& stack : kStacks) {
    SCOPED_TRACE(stack.back());
    const Model model = model_of(stack);
    Network network(exec(), model);
    const Outcome all = run(exec(), network, x, dy, {68, 6, 1}, {4, 0, 9});
    std::vector<float> y, dx;
    std::vector<double> grads(all.grads.size());
    const std::vector<std::tuple<Index, std::int32_t, std::uint32_t>> parts{{0, 68, 4}, {68, 6, 0}, {74, 1, 9}};
    for (const auto& [first, n, uid] : parts) {
      const Outcome one = run(exec(), network, rows(x, 4, first, n), rows(dy, 3, first, n), {n}, {uid});
      y.insert(y.end(), one.y.begin(), one.y.end());
      dx.insert(dx.end(), one.dx.begin(), one.dx.end());
      for (std::size_t i = 0; i < grads.size(); ++i) grads[i] += static_cast<double>(one.grads[i]);
    }
    EXPECT_REL_L2(y, all.y, 2e-6);
    EXPECT_REL_L2(dx, all.dx, 1e-5);
    EXPECT_REL_L2(all.grads, grads, 1e-5);
  }
}

// With fixed masks the loss is smooth, so differences check its gradient. The queries and keys begin large, so that the
// dropped probabilities count.
TEST_P(AttentionStacks, GradientsThroughDropoutAreThoseOfTheDifferences) {
  Rng rng(63);
  const std::vector<float> x = rng.normals(20 * 4), dy = rng.normals(20 * 3);
  const auto product = [](const auto& a, const auto& b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
    return sum;
  };
  for (const auto& stack : kStacks) {
    SCOPED_TRACE(stack.back());
    Model model = model_of(stack);
    for (const Parameter& p : model.parameters())
      for (Index i = 0; i < p.size && p.name.ends_with("in_proj_weight"); ++i)
        model.values()[static_cast<std::size_t>(p.offset + i)] *= 5;
    const std::vector<float> along = rng.normals(model.size(), 0.05), along_x = rng.normals(20 * 4);
    Network network(exec(), model);
    const Outcome here = run(exec(), network, x, dy, {13, 7}, {1, 2});
    const auto moved = [&](float h) {
      Model other = model;
      std::vector<float> input = x;
      for (std::size_t i = 0; i < along.size(); ++i) other.values()[i] += h * along[i];
      for (std::size_t i = 0; i < input.size(); ++i) input[i] += h * along_x[i];
      Network there(exec(), other);
      return product(run(exec(), there, input, dy, {13, 7}, {1, 2}).y, dy);
    };
    const double slope = product(here.grads, along) + product(here.dx, along_x), h = 1e-3;
    const double difference = (moved(static_cast<float>(h)) - moved(static_cast<float>(-h))) / (2 * h);
    EXPECT_NEAR(slope / difference, 1, 5e-3) << slope << " and " << difference;
  }
}

TEST_P(AttentionStacks, InferenceGivesTheSameBitsFromLessMemory) {
  Rng rng(64);
  Exec& ex = exec();
  for (const auto& stack : kStacks) {
    SCOPED_TRACE(stack.back());
    const Model model = model_of(stack);
    Network training(ex, model), inference(ex, model, {}, Mode::inference);
    Block<float> x(ex, rng.normals(90 * 4));
    RaggedBlock ragged(ex, {60, 30});
    const In want = training.forward(ex, x.view<2>({90, 4}), ragged.view());
    const In got = inference.forward(ex, x.view<2>({90, 4}), ragged.view());
    EXPECT_BITWISE(to_host(ex, got), to_host(ex, want));
    EXPECT_LT(inference.bytes(), training.bytes() / 2);
  }
}

TEST_P(AttentionStacks, SameBitsForAnyThreadCount) {
  Rng rng(65);
  const std::vector<float> x = rng.normals(140 * 4), dy = rng.normals(140 * 3);
  const Model model = model_of(kStacks[1]);
  Network network(exec(), model);
  const Outcome one = run(exec(), network, x, dy, {90, 50}, {1, 2});
  for (Exec& other : others()) {
    Network again(other, model);
    const Outcome many = run(other, again, x, dy, {90, 50}, {1, 2});
    EXPECT_BITWISE(many.y, one.y);
    EXPECT_BITWISE(many.grads, one.grads);
  }
}

// On a GPU an array may have more rows than the batch has frames, with any values.
TEST(AttentionStacksBehind, RowsAfterTheLastUtteranceChangeNothing) {
  auto ex = exec_for(Device::gpu);
  if (!ex) GTEST_SKIP() << why_no_gpu();
  Rng rng(66);
  const std::vector<float> x = rng.normals(30 * 4), dy = rng.normals(30 * 3);
  for (const auto& stack : kStacks) {
    SCOPED_TRACE(stack.back());
    const Model model = model_of(stack);
    Network network(*ex, model);
    const Outcome plain = run(*ex, network, x, dy, {20, 10}, {1, 2});
    const Outcome more = run(*ex, network, x, dy, {20, 10}, {1, 2}, 7);
    // Products of more rows may add in another order.
    EXPECT_REL_L2(std::vector<float>(more.y.begin(), more.y.begin() + 90), plain.y, 1e-6);
    EXPECT_REL_L2(more.grads, plain.grads, 1e-6);
    EXPECT_REL_L2(std::vector<float>(more.dx.begin(), more.dx.begin() + 120), plain.dx, 1e-6);
    EXPECT_TRUE(std::all_of(more.dx.begin() + 120, more.dx.end(), [](float v) { return v == 0; }));
  }
}

TEST(AttentionBlocks, HeadsThatDoNotDivideTheInputAreRefused) {
  for (const char* block : {"attention heads=3", "transformer heads=3", "conformer heads=3"})
    EXPECT_FAULT(Model({4, 3, parsed({"dense width=100", block})}), Fault::config,
                 "has 3 heads for an input of 100 columns, but a head must have 32 or 64 columns");
}

TEST(AttentionBlocks, AnEvenKernelIsRefused) {
  EXPECT_FAULT(Model({64, 3, parsed({"conformer heads=1 kernel=8"})}), Fault::config,
               "model.stack: conformer has kernel = 8, expected an odd number of frames");
}

// The initial distributions of nn.MultiheadAttention and nn.TransformerEncoderLayer.
TEST(AttentionBlocks, InitialDistributionIsPyTorchs) {
  Model model({256, 3, parsed({"transformer layers=1"})});
  model.initialise(3);
  for (const Parameter& p : model.parameters()) {
    SCOPED_TRACE(p.name);
    const std::span<const float> values(model.values().data() + p.offset, static_cast<std::size_t>(p.size));
    const bool norm = p.name.find("norm") != std::string::npos, bias = p.name.ends_with("bias");
    const auto [least, most] = std::minmax_element(values.begin(), values.end());
    if (norm || (bias && p.name.find("self_attn") != std::string::npos)) {
      EXPECT_EQ(*least, norm && !bias ? 1 : 0);
      EXPECT_EQ(*most, norm && !bias ? 1 : 0);
      continue;
    }
    const double bound = p.name.find("in_proj") != std::string::npos   ? std::sqrt(6.0 / 1024)
                         : p.name.find("linear2") != std::string::npos ? 1 / 32.0
                                                                       : 1 / 16.0;
    EXPECT_LE(std::max(-*least, *most), bound);
    if (p.size < 200) continue;  // of fewer draws, none need be near the bound
    EXPECT_GE(std::min(-*least, *most), 0.93 * bound);
  }
}

CUTRACT_ON_EACH_DEVICE(AttentionStacks);

}  // namespace
}  // namespace cutract::test
