#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <utility>

#include "bench/bench.h"
#include "bench/lstm_stack.h"
#include "tests/oracle/adam.h"
#include "tests/oracle/linear.h"
#include "tests/oracle/loss.h"
#include "tests/oracle/lstm.h"
#include "train/stepper.h"

// A whole training step on cached features: forward, loss, backward, clipping, Adam. `lstm_share` is the time of the
// bare LSTM stack (forward and backward, same batch) divided by the time of the step.
namespace cutract::bench {
namespace {

constexpr Index F = 80, P = 14;
constexpr double kClip = 1.0, kTightClip = 0.01, kLr = 1e-3;

struct Problem {
  Index B, T, H, L;
  bool ragged;
  Size size;
};
constexpr Problem kProblems[] = {
    {3, 20, 16, 2, true, Size::smallest},   {8, 2481, 128, 2, false, Size::standard},
    {8, 300, 128, 2, true, Size::standard}, {32, 300, 128, 2, true, Size::standard},
    {32, 300, 256, 2, true, Size::more},
};

Model initialised(const ModelSpec& spec) {
  Model model(spec);
  model.initialise(17);
  return model;
}

std::vector<Example> examples_of(Exec& ex, const std::vector<std::int32_t>& lengths) {
  std::vector<Example> examples;
  for (const Index T : lengths) {
    Matrix features(T, F);
    features.values = random(T * F, 100 + examples.size(), 1.7);
    Example e{.features = Frames(ex, features), .targets = Matrix(T, P)};
    e.targets.values = random(T * P, 200 + examples.size(), 1.7);
    examples.push_back(std::move(e));
  }
  return examples;
}

std::vector<int> as_they_are(std::size_t n) {
  std::vector<int> order(n);
  std::iota(order.begin(), order.end(), 0);
  return order;
}

// Steps on the same batch; an epoch has as many as the batch has utterances.
struct Step {
  std::vector<Example> examples;
  Network network;
  Optimizer optimizer;
  Batches batches;
  Stepper stepper;

  Step(Exec& ex, Index H, Index L, const std::vector<std::int32_t>& lengths, float dropout, Precision precision,
       double clip)
      : examples(examples_of(ex, lengths)),
        network(ex, initialised(bi_lstm_spec(F, H, L, P, static_cast<double>(dropout))), {.precision = precision}),
        optimizer(ex, {}, network.size()),
        batches(ex, examples, static_cast<int>(lengths.size())),
        stepper(ex, network, optimizer, batches, {LossKind::mse, clip, 17}) {
    begin_epoch();
  }
  Step(const Step&) = delete;
  Step& operator=(const Step&) = delete;

  void operator()() {
    if (done_ == batches.size()) begin_epoch();
    stepper.step();
    ++done_;
  }

 private:
  void begin_epoch() {
    stepper.begin_epoch(std::vector(examples.size(), as_they_are(examples.size())), kLr);
    done_ = 0;
  }
  Index done_ = 0;
};

// Loss and gradient of every parameter, in the order of the network's arena, for a batch of one utterance.
struct Expected {
  double loss;
  std::vector<double> gradient;
};
Expected expected(Exec& ex, Network& network, const Batch& batch) {
  const auto& lstm = std::get<BiLstmConfig>(network.spec().stack.front());
  const Index H = lstm.hidden;
  const std::vector<float> params = to_host(ex, network.params());
  const float* at = params.data();
  const auto take = [&](Index n) {
    at += n;
    return std::vector<double>(at - n, at);
  };
  std::vector<oracle::LstmLayer> layers;
  std::vector<std::vector<double>> in = {to_double(to_host(ex, batch.x))};
  for (Index l = 0; l < lstm.layers; ++l) {
    const Index width = l == 0 ? F : 2 * H;
    oracle::LstmLayer layer{static_cast<std::size_t>(width), static_cast<std::size_t>(H), {}};
    for (int d = 0; d < 2; ++d) {
      layer.dir.emplace_back();
      auto& w = layer.dir.back();
      w.w_ih = take(4 * H * width);
      w.w_hh = take(4 * H * H);
      w.b_ih = take(4 * H);
      w.b_hh = take(4 * H);
    }
    in.push_back(oracle::lstm_output(layer, in.back()));
    layers.push_back(std::move(layer));
  }
  oracle::Linear head{static_cast<std::size_t>(2 * H), static_cast<std::size_t>(P), {}, {}};
  head.w = take(2 * H * P);
  head.b = take(P);
  const oracle::Loss loss = oracle::mse(oracle::linear(head, in.back()), to_double(to_host(ex, batch.target)));
  const auto top = oracle::linear_gradient(head, in.back(), loss.dy);

  std::vector<std::vector<double>> parts = {top.db, top.dw};  // in reverse order of the arena
  std::vector<double> dh = top.dx;
  for (std::size_t l = layers.size(); l-- > 0;) {
    const oracle::LstmGradient g = oracle::lstm_gradient(layers[l], in[l], dh);
    for (const std::size_t d : {1u, 0u})
      for (const auto* part : {&g.dir[d].b_hh, &g.dir[d].b_ih, &g.dir[d].w_hh, &g.dir[d].w_ih}) parts.push_back(*part);
    dh = g.dx;
  }
  Expected out{loss.value, {}};
  for (auto part = parts.rbegin(); part != parts.rend(); ++part)
    out.gradient.insert(out.gradient.end(), part->begin(), part->end());
  return out;
}

// Takes two steps on one short utterance without dropout. Compares loss and gradients with the oracle. Then compares
// clipping and Adam with the oracle applied to the network's own gradients, since the first step of Adam is little more
// than the sign of each.
std::string difference_from_oracle(Exec& ex, Index H, Index L, Precision precision) {
  Step step(ex, H, L, {static_cast<std::int32_t>(std::clamp<Index>(200'000 / (H * H * L), 5, 40))}, 0.0f, precision,
            kTightClip);
  const std::vector<float> before = to_host(ex, step.network.params());
  oracle::Adam adam{.lr = kLr, .theta = std::vector<double>(before.size())};
  for (int i = 0; i < 2; ++i) {
    const Expected want = expected(ex, step.network, step.batches.load(ex, 0));
    step();
    const StepRecord got = step.stepper.wait();
    if (!(std::abs(got.loss - want.loss) <= bound_of(precision, 1e-6) * want.loss))
      return fmt::format("loss: {}, expected {}", got.loss, want.loss);
    const std::vector<float> gradient = to_host(ex, step.network.grads());
    if (std::string wrong = compare("gradient", gradient, want.gradient, bound_of(precision, 1e-5)); !wrong.empty())
      return wrong;
    std::vector<double> clipped = to_double(gradient);
    double squares = 0;
    for (const double g : clipped) squares += g * g;
    for (double& g : clipped) g *= std::min(1.0, kTightClip / (std::sqrt(squares) + 1e-6));
    adam.step(clipped);
  }
  std::vector<float> change = to_host(ex, step.network.params());
  for (std::size_t i = 0; i < change.size(); ++i) change[i] -= before[i];
  return compare("change of the parameters", change, adam.theta,
                 2e-5);  // of float weights some 1e2 times larger; 2.4e-6 seen
}

Prepared prepare(Exec& ex, const Problem& p, Precision precision) {
  std::string wrong = difference_from_oracle(ex, p.H, p.L, precision);
  const std::vector<std::int32_t> lengths = lengths_of(p.B, p.T, p.ragged);
  const auto step = std::make_shared<Step>(ex, p.H, p.L, lengths, 0.3f, precision, kClip);
  const auto stack = std::make_shared<LstmStack>(ex, LstmShape{F, p.H, p.L, lengths, precision});
  Work work = stack->work(true);
  const double N = work.frames, width = static_cast<double>(2 * p.H), size = static_cast<double>(step->network.size());
  work.flops += 6 * N * width * P;
  work.bytes += 4 * (N * width * static_cast<double>(4 * p.L) + 4 * N * P + 8 * size);  // two dropouts; head; Adam
  return {[step] { (*step)(); }, work, std::move(wrong),
          [stack, &ex] {
            stack->forward(ex);
            stack->backward(ex);
          }};
}

}  // namespace

void add_step(Cases& cases) {
  for (const Device device : {Device::cpu, Device::gpu})
    for (const Precision precision : precisions_of(device))
      for (const Problem& p : kProblems) {
        const std::string shape = fmt::format("B:{}/T:{}/F:80/H:{}/L:{}/P:14{}{}", p.B, p.T, p.H, p.L,
                                              p.ragged ? "/ragged" : "", ending(device, precision));
        cases.push_back({op_name("train_step", device, shape), device, p.size,
                         [=](Exec& ex) { return prepare(ex, p, precision); }});
      }
}

}  // namespace cutract::bench
