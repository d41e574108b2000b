#include <fmt/format.h>

#include <memory>
#include <utility>

#include "bench/bench.h"
#include "kernels/attention/attention.h"
#include "kernels/attention/rope.h"
#include "kernels/layer_norm.h"
#include "kernels/scaled_add.h"
#include "nn/network.h"
#include "tests/oracle/attention.h"
#include "tests/oracle/layer_norm.h"
#include "tests/oracle/rope.h"

// The ops of attention, and forward and backward of the models made of them. An op is checked on the problem that is
// timed, attention on a sample of its queries.
namespace cutract::bench {
namespace {

using Floats = Buffer<float>;

View<float, 2> rows(const Floats& v, Index cols) { return {v.data(), {v.size() / cols, cols}}; }

struct Heads {
  std::vector<std::int32_t> lengths;
  Index A, K;
  Index frames() const { return frames_of(lengths); }
  // Pairs of a query and a key, in all heads.
  double pairs() const {
    double sum = 0;
    for (const Index T : lengths) sum += static_cast<double>(T * T * A);
    return sum;
  }
};

struct AttentionData {
  RaggedOn ragged;
  Floats qkv, out, lse, dout, dqkv;
  Index N, A, K;

  AttentionData(Exec& ex, const Heads& h)
      : ragged(ex, h.lengths),
        qkv(random_on(ex, h.frames() * 3 * h.A * h.K, 1, 1.7)),
        out(zeros_on(ex, h.frames() * h.A * h.K)),
        lse(zeros_on(ex, h.frames() * h.A)),
        dout(random_on(ex, h.frames() * h.A * h.K, 2, 1.7)),
        dqkv(zeros_on(ex, h.frames() * 3 * h.A * h.K)),
        N(h.frames()),
        A(h.A),
        K(h.K) {}
  View<float, 4> four(const Floats& v) const { return {v.data(), {N, 3, A, K}}; }
  View<float, 3> three(const Floats& v) const { return {v.data(), {N, A, K}}; }
  void forward(Exec& ex) const { attention(ex, {four(qkv), ragged.view(), 0, {}, three(out), rows(lse, A)}); }
  void backward(Exec& ex) const {
    attention_backward(ex, {four(qkv), ragged.view(), 0, {}, three(out), rows(lse, A), three(dout), four(dqkv)});
  }
};

// Compares the output, or the gradient of the query, of some frames of the first and the last utterance.
std::string wrong_in(Exec& ex, const AttentionData& d, const Heads& h, bool backward) {
  const auto A = static_cast<std::size_t>(h.A), K = static_cast<std::size_t>(h.K);
  const std::vector<float> qkv = d.qkv.values(ex), dout = d.dout.values(ex);
  const std::vector<float> result = backward ? d.dqkv.values(ex) : d.out.values(ex);
  const std::size_t wide = backward ? 3 * A * K : A * K;
  std::vector<float> got;
  std::vector<double> want;
  for (const bool last : {false, true}) {
    const auto T = static_cast<std::size_t>(last ? h.lengths.back() : h.lengths.front());
    const std::size_t first = last ? static_cast<std::size_t>(h.frames()) - T : 0;
    const auto at = [&](const std::vector<float>& v, std::size_t width) {
      return std::vector<double>(v.begin() + static_cast<std::ptrdiff_t>(first * width),
                                 v.begin() + static_cast<std::ptrdiff_t>((first + T) * width));
    };
    const oracle::Attention judge{A, K, T, at(qkv, 3 * A * K)};
    const std::vector<double> d_here = at(dout, A * K);
    for (std::size_t t = 0; t < T; t += 1 + T / 8)
      for (std::size_t head = 0; head < A; ++head) {
        const std::vector<double> of = backward ? judge.query_gradient(head, t, d_here) : judge.output(head, t);
        want.insert(want.end(), of.begin(), of.end());
        const auto from = result.begin() + static_cast<std::ptrdiff_t>((first + t) * wide + head * K);
        got.insert(got.end(), from, from + static_cast<std::ptrdiff_t>(K));
      }
  }
  return compare(backward ? "dq" : "out", got, want, backward ? 1e-5 : 2e-6);
}

Prepared prepare_attention(Exec& ex, const Heads& h, bool backward) {
  const auto d = std::make_shared<AttentionData>(ex, h);
  d->forward(ex);
  const double n = static_cast<double>(h.frames()), k = static_cast<double>(h.K), width = static_cast<double>(h.A) * k;
  if (!backward)
    return {[=, &ex] { d->forward(ex); },
            {.frames = n, .flops = 4 * h.pairs() * k, .bytes = 16 * n * width},
            wrong_in(ex, *d, h, false),
            {}};
  d->backward(ex);
  return {[=, &ex] { d->backward(ex); },
          {.frames = n, .flops = 14 * h.pairs() * k, .bytes = 32 * n * width},
          wrong_in(ex, *d, h, true),
          {}};
}

// Forward and backward, as the peers do them.
Prepared prepare_both(Exec& ex, const Heads& h) {
  const auto d = std::make_shared<AttentionData>(ex, h);
  const auto run = [=, &ex] {
    d->forward(ex);
    d->backward(ex);
  };
  run();
  const double n = static_cast<double>(h.frames()), k = static_cast<double>(h.K);
  return {run,
          {.frames = n, .flops = 18 * h.pairs() * k, .bytes = 48 * n * static_cast<double>(h.A) * k},
          wrong_in(ex, *d, h, true),
          {}};
}

Prepared prepare_layer_norm(Exec& ex, Index N, Index C, bool backward) {
  struct Data {
    Floats x, w, b, y, stats, dy, dx, dw, db;
  };
  const auto d = std::make_shared<Data>(Data{random_on(ex, N * C, 1), random_on(ex, C, 2), random_on(ex, C, 3),
                                             zeros_on(ex, N * C), zeros_on(ex, 2 * N), random_on(ex, N * C, 4),
                                             zeros_on(ex, N * C), zeros_on(ex, C), zeros_on(ex, C)});
  const auto forward = [=, &ex] {
    layer_norm(ex, {rows(d->x, C), d->w.view(), d->b.view(), rows(d->y, C), rows(d->stats, 2)});
  };
  forward();
  const auto host = [&](const Floats& v) { return to_double(v.values(ex)); };
  const oracle::LayerNorm judge{static_cast<std::size_t>(C), host(d->x), host(d->w), host(d->b)};
  const double n = static_cast<double>(N), c = static_cast<double>(C);
  if (!backward)
    return {forward, {.frames = n, .bytes = 8 * n * c}, compare("y", d->y.values(ex), judge.forward(), 2e-6), {}};
  const auto run = [=, &ex] {
    layer_norm_backward(ex, {rows(d->x, C), d->w.view(), rows(d->stats, 2), rows(d->dy, C), rows(d->dx, C),
                             d->dw.view(), d->db.view()});
  };
  run();
  return {run,
          {.frames = n, .bytes = 12 * n * c},
          compare("dx", d->dx.values(ex), judge.backward(host(d->dy)).dx, 1e-5),
          {}};
}

Prepared prepare_rope(Exec& ex, const Heads& h) {
  struct Data {
    RaggedOn ragged;
    Floats qkv;
  };
  const auto d = std::make_shared<Data>(Data{{ex, h.lengths}, random_on(ex, h.frames() * 3 * h.A * h.K, 1)});
  const View<float, 4> qkv{d->qkv.data(), {h.frames(), 3, h.A, h.K}};
  const auto second_frame = [&] {
    const std::vector<float> all = d->qkv.values(ex);
    const auto from = all.begin() + 3 * h.A * h.K;
    return std::vector<float>(from, from + h.K);
  };
  const std::vector<double> want = oracle::rope(to_double(second_frame()), 1);
  rope(ex, {qkv, d->ragged.view()});
  const std::string wrong = compare("q of frame 1", second_frame(), want, 1e-6);
  const double n = static_cast<double>(h.frames());
  return {[=, &ex] {
            rope(ex, {qkv, d->ragged.view()});
          },
          {.frames = n, .bytes = 16 * n * static_cast<double>(h.A * h.K)},
          wrong,
          {}};
}

Prepared prepare_scaled_add(Exec& ex, Index N, Index C) {
  const auto x = std::make_shared<Floats>(random_on(ex, N * C, 1)),
             z = std::make_shared<Floats>(random_on(ex, N * C, 2));
  const auto y = std::make_shared<Floats>(zeros_on(ex, N * C));
  const auto run = [=, &ex] { scaled_add(ex, {rows(*x, C), rows(*z, C), 0.5f, rows(*y, C)}); };
  run();
  std::vector<double> want = to_double(x->values(ex));
  const std::vector<float> added = z->values(ex);
  for (std::size_t i = 0; i < want.size(); ++i) want[i] += 0.5 * static_cast<double>(added[i]);
  const double n = static_cast<double>(N);
  return {run, {.frames = n, .bytes = 12 * n * static_cast<double>(C)}, compare("y", y->values(ex), want, 1e-6), {}};
}

// Forward and backward of a stack, without dropout, from its own input. Its parts are checked by the tests of nn.
Prepared prepare_stack(Exec& ex, const std::string& entry, const std::vector<std::int32_t>& lengths, Index width) {
  struct Data {
    RaggedOn ragged;
    Floats x, dy;
    Network network;
  };
  Model model({width, 14, parse_stack(std::vector{entry}, "model.stack")});
  model.initialise(17);
  const Index N = frames_of(lengths);
  const auto d = std::make_shared<Data>(
      Data{{ex, lengths}, random_on(ex, N * width, 1, 1.7), random_on(ex, N * 14, 2), Network(ex, model)});
  const auto run = [=, &ex] {
    d->network.zero_grads(ex);
    d->network.forward(ex, rows(d->x, width), d->ragged.view());
    d->network.backward(ex, rows(d->dy, 14));
  };
  run();
  return {run, {.frames = static_cast<double>(N)}, "", {}};
}

struct Shape {
  Index B, T;
  bool ragged;
  Size size;
};
// The smoke test, STEM-E2VA's utterances, and the batch of report_training.sh.
constexpr Shape kShapes[] = {{3, 20, true, Size::smallest},
                             {8, 400, true, Size::standard},
                             {32, 400, true, Size::standard},
                             {8, 2481, false, Size::standard}};

}  // namespace

void add_attention(Cases& cases) {
  for (const Device device : {Device::cpu, Device::gpu}) {
    const auto add = [&](const std::string& op, const std::string& shape, Size size, Prepare prepare) {
      cases.push_back({op_name(op, device, shape), device, size, std::move(prepare)});
    };
    for (const Shape& s : kShapes) {
      const std::string at = fmt::format("B:{}/T:{}", s.B, s.T), ragged = s.ragged ? "/ragged" : "";
      for (const Index K : {32, 64}) {
        const Heads heads{lengths_of(s.B, s.T, s.ragged), 4, K};
        const std::string shape = fmt::format("{}/A:4/K:{}{}", at, K, ragged);
        add("attention", shape, s.size, [=](Exec& ex) { return prepare_attention(ex, heads, false); });
        add("attention_backward", shape, s.size, [=](Exec& ex) { return prepare_attention(ex, heads, true); });
        add("attention_train", shape, s.size, [=](Exec& ex) { return prepare_both(ex, heads); });
        if (K == 32) add("rope", shape, s.size, [=](Exec& ex) { return prepare_rope(ex, heads); });
      }
      if (s.T == 2481) continue;  // takes many seconds on a CPU
      const Index width = s.size == Size::smallest ? 32 : 128, heads = width / 32;
      const std::string shape = fmt::format("{}/E:{}{}", at, width, ragged);
      const auto lengths = lengths_of(s.B, s.T, s.ragged);
      const std::string common =
          fmt::format("heads={} layers=4 feed_forward={} dropout=0 positions=none", heads, 4 * width);
      add("transformer_train", shape, s.size,
          [=](Exec& ex) { return prepare_stack(ex, "transformer activation=gelu " + common, lengths, width); });
      add("conformer_train", shape, s.size,
          [=](Exec& ex) { return prepare_stack(ex, "conformer kernel=31 " + common, lengths, width); });
    }
    for (const Index N : {20, 19848}) {
      const Size size = N == 20 ? Size::smallest : Size::standard;
      const std::string shape = fmt::format("N:{}/C:256", N);
      add("layer_norm", shape, size, [=](Exec& ex) { return prepare_layer_norm(ex, N, 256, false); });
      add("layer_norm_backward", shape, size, [=](Exec& ex) { return prepare_layer_norm(ex, N, 256, true); });
      add("scaled_add", shape, size, [=](Exec& ex) { return prepare_scaled_add(ex, N, 256); });
    }
  }
}

}  // namespace cutract::bench
