// Stacks of blocks, compared with the oracles of their parts, and their text form.
#include "nn/stack.h"

#include <gtest/gtest.h>

#include <utility>

#include "nn/network.h"
#include "tests/kernels/on_each_device.h"
#include "tests/oracle/activation.h"
#include "tests/oracle/linear.h"
#include "tests/oracle/lstm.h"
#include "tests/support/support.h"

namespace cutract::test {
namespace {

std::vector<BlockConfig> parsed(const std::vector<std::string>& entries) { return parse_stack(entries, "model.stack"); }

Model initialised(const ModelSpec& spec, std::uint64_t seed) {
  Model model(spec);
  model.initialise(seed);
  return model;
}

// Computes a stack of dense and Bi-LSTM blocks and its head in double, for one utterance, from the parameters in the
// order of the model's arena. Backward returns the gradients in the same order.
class OracleStack {
 public:
  OracleStack(const ModelSpec& spec, const std::vector<float>& values) : at_(values.data()) {
    auto width = static_cast<std::size_t>(spec.inputs);
    for (const BlockConfig& block : spec.stack) {
      if (const auto* dense = std::get_if<DenseConfig>(&block)) {
        const auto outputs = static_cast<std::size_t>(dense->width);
        parts_.push_back({linear(width, outputs), {}, name_of(dense->activation)});
        width = outputs;
      } else {
        const auto& lstm = std::get<BiLstmConfig>(block);
        const auto H = static_cast<std::size_t>(lstm.hidden);
        for (int l = 0; l < lstm.layers; ++l) {
          parts_.push_back({{}, layer(width, H), ""});
          width = 2 * H;
        }
      }
    }
    parts_.push_back({linear(width, static_cast<std::size_t>(spec.outputs)), {}, "none"});
  }

  std::vector<double> forward(std::vector<double> x) {
    for (Part& p : parts_) {
      p.x = x;
      if (p.activation.empty()) {
        x = oracle::lstm_output(p.lstm, x);
        continue;
      }
      p.z = x = oracle::linear(p.linear, x);
      for (double& v : x) v = oracle::activation(p.activation, v);
    }
    return x;
  }

  // Returns dx and, in the order of the arena, the gradients of the parameters.
  std::pair<std::vector<double>, std::vector<double>> backward(std::vector<double> dy) const {
    std::vector<double> gradients;
    for (std::size_t i = parts_.size(); i-- > 0;) {
      const Part& p = parts_[i];
      std::vector<double> own;
      const auto add = [&](const std::vector<double>& v) { own.insert(own.end(), v.begin(), v.end()); };
      if (p.activation.empty()) {
        const oracle::LstmGradient g = oracle::lstm_gradient(p.lstm, p.x, dy);
        for (const auto& d : g.dir) {
          add(d.w_ih);
          add(d.w_hh);
          add(d.b_ih);
          add(d.b_hh);
        }
        dy = g.dx;
      } else {
        for (std::size_t j = 0; j < dy.size(); ++j) dy[j] *= oracle::activation_slope(p.activation, p.z[j]);
        const oracle::LinearGradient g = oracle::linear_gradient(p.linear, p.x, dy);
        add(g.dw);
        add(g.db);
        dy = g.dx;
      }
      gradients.insert(gradients.begin(), own.begin(), own.end());
    }
    return {dy, gradients};
  }

 private:
  struct Part {
    oracle::Linear linear;
    oracle::LstmLayer lstm;
    std::string activation;  // "": an LSTM layer
    std::vector<double> x = {}, z = {};
  };
  std::vector<double> take(std::size_t n) {
    at_ += n;
    return {at_ - n, at_};
  }
  oracle::Linear linear(std::size_t inputs, std::size_t outputs) {
    oracle::Linear l{inputs, outputs, {}, {}};
    l.w = take(inputs * outputs);
    l.b = take(outputs);
    return l;
  }
  oracle::LstmLayer layer(std::size_t inputs, std::size_t H) {
    oracle::LstmLayer l{inputs, H, {}};
    for (int d = 0; d < 2; ++d) {
      l.dir.emplace_back();
      l.dir.back().w_ih = take(4 * H * inputs);
      l.dir.back().w_hh = take(4 * H * H);
      l.dir.back().b_ih = take(4 * H);
      l.dir.back().b_hh = take(4 * H);
    }
    return l;
  }

  const float* at_;
  std::vector<Part> parts_;
};

// Every test of StackOnEachDevice runs with each of these. Dropout is active only where a test passes masks.
const std::vector<std::vector<std::string>> kStacks = {
    {"dense width=7 activation=tanh dropout=0.3", "bilstm hidden=5 layers=2 dropout=0.2",
     "dense width=6 activation=gelu dropout=0.4"},
    {"bilstm hidden=4 layers=1 dropout=0.5", "bilstm hidden=6 layers=1"},
    {"dense width=9 activation=none", "dense width=5 activation=silu dropout=0.1", "dense width=8"},
};

class StackOnEachDevice : public OnEachDevice {};

TEST_P(StackOnEachDevice, AgreesWithTheOracle) {
  Exec& ex = exec();
  Rng rng(51);
  for (const auto& entries : kStacks) {
    SCOPED_TRACE(entries[0]);
    const ModelSpec spec{4, 3, parsed(entries)};
    const Model model = initialised(spec, 7);
    Network network(ex, model);
    const Index N = 11;
    const std::vector<float> x = rng.normals(N * 4), dy = rng.normals(N * 3);
    Block<float> xs(ex, x), dys(ex, dy), dx(ex, N * 4);
    RaggedBlock ragged(ex, {11});
    OracleStack want(spec, model.values());

    const In y = network.forward(ex, xs.view<2>({N, 4}), ragged.view());
    EXPECT_REL_L2(to_host(ex, y), want.forward(to_double(x)), 2e-6);
    network.backward(ex, dys.view<2>({N, 3}), dx.view<2>({N, 4}));
    const auto [want_dx, gradients] = want.backward(to_double(dy));
    EXPECT_REL_L2(dx.values(), want_dx, 1e-5);
    const std::vector<float> grads = to_host(ex, network.grads());
    for (const Parameter& p : network.parameters()) {
      SCOPED_TRACE(p.name);
      const auto part = [&](const auto& all) {
        return std::vector(all.begin() + p.offset, all.begin() + p.offset + p.size);
      };
      EXPECT_REL_L2(part(grads), part(gradients), 1e-5);
    }
  }
}

// An utterance's result does not depend on its batch, with dropout too.
TEST_P(StackOnEachDevice, BatchOfOneEqualsBatchOfMany) {
  Exec& ex = exec();
  Rng rng(52);
  const std::vector<std::int32_t> lengths{9, 6, 1};
  const std::vector<float> x = rng.normals(16 * 4), dy = rng.normals(16 * 3);
  const auto run = [&](std::vector<std::int32_t> of, std::vector<std::uint32_t> uid, Index first, Network& network) {
    Index N = 0;
    for (const std::int32_t T : of) N += T;
    const auto rows = [&](const std::vector<float>& v, Index width) {
      return std::vector<float>(v.begin() + first * width, v.begin() + (first + N) * width);
    };
    Block<float> xs(ex, rows(x, 4)), dys(ex, rows(dy, 3));
    Block<std::uint32_t> uids(ex, uid);
    Block<Index> step(ex, std::vector<Index>{5});
    RaggedBlock ragged(ex, of);
    const Masks masks{3, step.view(), uids.view()};
    const std::vector<float> y = to_host(ex, network.forward(ex, xs.view<2>({N, 4}), ragged.view(), &masks));
    network.backward(ex, dys.view<2>({N, 3}));
    return y;
  };
  for (const auto& entries : kStacks) {
    SCOPED_TRACE(entries[0]);
    const Model model = initialised({4, 3, parsed(entries)}, 8);
    Network together(ex, model), alone(ex, model);
    const std::vector<float> y = run(lengths, {4, 0, 9}, 0, together);
    std::vector<float> apart = run({9}, {4}, 0, alone);
    for (const auto& part : {run({6}, {0}, 9, alone), run({1}, {9}, 15, alone)})
      apart.insert(apart.end(), part.begin(), part.end());
    EXPECT_REL_L2(apart, y, 2e-6);
    EXPECT_REL_L2(to_host(ex, alone.grads()), to_host(ex, together.grads()), 1e-5);
  }
}

TEST_P(StackOnEachDevice, InferenceGivesTheSameBits) {
  Exec& ex = exec();
  Rng rng(53);
  Block<float> x(ex, rng.normals(300 * 4));
  RaggedBlock ragged(ex, {200, 100});
  for (const auto& entries : kStacks) {
    SCOPED_TRACE(entries[0]);
    const Model model = initialised({4, 3, parsed(entries)}, 9);
    Network training(ex, model), inference(ex, model, {}, Mode::inference);
    const std::vector<float> want = to_host(ex, training.forward(ex, x.view<2>({300, 4}), ragged.view()));
    EXPECT_BITWISE(to_host(ex, inference.forward(ex, x.view<2>({300, 4}), ragged.view())), want);
  }
}

TEST_P(StackOnEachDevice, InferenceNeedsLessMemory) {
  Exec& ex = exec();
  Rng rng(53);
  const ModelSpec spec{4, 3, parsed({"dense width=7", "bilstm hidden=8 layers=4"})};
  const Model model = initialised(spec, 9);
  Network inference(ex, model, {}, Mode::inference);
  Block<float> x(ex, rng.normals(300 * 4));
  RaggedBlock ragged(ex, {200, 100});
  inference.forward(ex, x.view<2>({300, 4}), ragged.view());
  // Values per row: the output of the dense block (7), gates (2 x 4 x 8) and cell states (2 x 8) of one layer, outputs
  // of two layers (2 x 16), and the prediction (3). Each of these six arrays is rounded up to 256 bytes.
  EXPECT_LE(inference.bytes(), 300 * 4 * (7 + 64 + 16 + 32 + 3) + 6 * 256);
  EXPECT_EQ(inference.grads().size(), 0);
  Block<float> dy(ex, Index{900});
  EXPECT_FAULT(inference.backward(ex, dy.view<2>({300, 3})), Fault::internal, "has no backward");
}

CUTRACT_ON_EACH_DEVICE(StackOnEachDevice);

TEST(Stack, NamesItsTensorsAsItsTwinInPyTorch) {
  const Model model(
      {5, 2, parsed({"dense width=4", "bilstm hidden=3 layers=1", "dense width=6", "bilstm hidden=2 layers=1"})});
  std::vector<std::string> names;
  for (const Parameter& p : model.parameters())
    if (p.name.find("bias") == std::string::npos && p.name.find("_hh") == std::string::npos) names.push_back(p.name);
  EXPECT_EQ(names,
            (std::vector<std::string>{"dense.weight", "lstm.weight_ih_l0", "lstm.weight_ih_l0_reverse", "dense2.weight",
                                      "lstm2.weight_ih_l0", "lstm2.weight_ih_l0_reverse", "fc.weight"}));
  EXPECT_EQ(model.parameters()[2].shape, (std::vector<Index>{12, 4}))
      << "of 3 units, on the 4 outputs of the block below";
  EXPECT_EQ(parameter_count(model.spec()), model.size());
}

// Blocks drop elements independently of each other.
TEST(Stack, GivesEveryPlaceThatDropsItsOwnNumber) {
  Layout layout;
  const Stack stack(layout, {5, 2, parsed({"dense", "bilstm layers=3", "dense"})});
  EXPECT_EQ(layout.dropout_site(), 5u);
}

TEST(Stack, IsReadFromTextAndWrittenBack) {
  const auto stack = parsed({"dense width=20 activation=silu", "bilstm"});
  EXPECT_EQ(describe(stack), "20 dense (silu), 2 x 128 Bi-LSTM");
  EXPECT_EQ(write_block(stack[0]), "dense width=20 activation=silu dropout=0.0");
  EXPECT_EQ(write_block(stack[1]), "bilstm hidden=128 layers=2 dropout=0.3");
  EXPECT_EQ(write_block(parsed({write_block(stack[0])})[0]), write_block(stack[0]));
}

TEST(Stack, NamesEveryMistake) {
  EXPECT_FAULT(parsed({"bilstn"}), Fault::config,
               "model.stack[1]: unknown block \"bilstn\" (did you mean \"bilstm\"?)");
  EXPECT_FAULT(
      parsed({"bilstm", "gru"}), Fault::config,
      "model.stack[2]: unknown block \"gru\"; the blocks are dense, bilstm, attention, transformer, conformer");
  EXPECT_FAULT(parsed({"dense width=0", "bilstm hiden=3"}), Fault::config,
               "model.stack[1] (dense): width = 0 is outside [1, 65536] (number of outputs)\n"
               "model.stack[2] (bilstm): unknown option \"hiden\" (did you mean \"hidden\"?)");
  EXPECT_FAULT(parsed(std::vector<std::string>(65, "dense")), Fault::config,
               "model.stack: has 65 blocks, expected at most 64");
}

}  // namespace
}  // namespace cutract::test
