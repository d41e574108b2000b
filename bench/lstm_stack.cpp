#include "bench/lstm_stack.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "tests/oracle/lstm.h"

namespace cutract::bench {
namespace {

// The bounds of tests/kernels/lstm_test.cpp for one layer. Over all cases here, up to 6 layers, 2.2e-7 and 5e-7 were
// seen.
constexpr double kForward = 2e-6, kBackward = 1e-5;

std::vector<double> rows(const std::vector<double>& v, Index first, Index count, Index width) {
  return {v.begin() + first * width, v.begin() + (first + count) * width};
}

void append(std::vector<double>& to, const std::vector<double>& more) { to.insert(to.end(), more.begin(), more.end()); }

}  // namespace

LstmStack::LstmStack(LstmShape shape) : shape_(std::move(shape)), ragged_(shape_.lengths) {
  const Index N = frames_of(shape_.lengths), H = shape_.H;
  x_ = random(N * shape_.F, 1);
  dh_ = random(N * 2 * H, 2);
  const double bound = 1 / std::sqrt(static_cast<double>(H));
  for (Index l = 0; l < shape_.L; ++l) {
    Layer layer;
    layer.F = l == 0 ? shape_.F : 2 * H;
    for (std::uint64_t d = 0; d < 2; ++d) {
      const std::uint64_t key = 10 + 10 * static_cast<std::uint64_t>(l) + 4 * d;
      layer.w.push_back({random(4 * H * layer.F, key, bound), random(4 * H * H, key + 1, bound),
                         random(4 * H, key + 2, bound), random(4 * H, key + 3, bound)});
    }
    layer.dw = layer.w;
    layer.gates.resize(static_cast<std::size_t>(N * 8 * H));
    layer.c.resize(static_cast<std::size_t>(N * 2 * H));
    layer.h.resize(static_cast<std::size_t>(N * 2 * H));
    layer.dx.resize(static_cast<std::size_t>(l == 0 ? 0 : N * layer.F));
    layers_.push_back(std::move(layer));
  }
}

View<const float, 2> LstmStack::input(std::size_t l) const {
  const Index N = ragged_.view().frames;
  return {l == 0 ? x_.data() : layers_[l - 1].h.data(), {N, layers_[l].F}};
}

LstmArgs LstmStack::args(std::size_t l) {
  Layer& layer = layers_[l];
  const Index N = ragged_.view().frames, H = shape_.H, F = layer.F;
  LstmArgs a{input(l),
             {},
             ragged_.view(),
             {layer.gates.data(), {N, 2, 4 * H}},
             {layer.c.data(), {N, 2, H}},
             {layer.h.data(), {N, 2, H}}};
  for (std::size_t d = 0; d < 2; ++d) {
    const Direction& w = layer.w[d];
    a.w[d] = {
        {w.w_ih.data(), {4 * H, F}}, {w.w_hh.data(), {4 * H, H}}, {w.b_ih.data(), {4 * H}}, {w.b_hh.data(), {4 * H}}};
  }
  return a;
}

void LstmStack::forward(Exec& ex) {
  for (std::size_t l = 0; l < layers_.size(); ++l) lstm(ex, args(l));
}

void LstmStack::backward(Exec& ex) {
  const Index N = ragged_.view().frames, H = shape_.H;
  for (std::size_t l = layers_.size(); l-- > 0;) {
    Layer& layer = layers_[l];
    const LstmArgs f = args(l);
    const float* dh = l + 1 == layers_.size() ? dh_.data() : layers_[l + 1].dx.data();
    LstmBackwardArgs a{f.x, f.w, f.ragged, f.gates, f.c, f.h, {dh, {N, 2, H}}, {}, {}};
    if (l > 0) a.dx = {layer.dx.data(), {N, layer.F}};
    for (std::size_t d = 0; d < 2; ++d) {
      Direction& g = layer.dw[d];
      for (auto* v : {&g.w_ih, &g.w_hh, &g.b_ih, &g.b_hh}) std::fill(v->begin(), v->end(), 0.0f);
      a.dw[d] = {{g.w_ih.data(), {4 * H, layer.F}},
                 {g.w_hh.data(), {4 * H, H}},
                 {g.b_ih.data(), {4 * H}},
                 {g.b_hh.data(), {4 * H}}};
    }
    lstm_backward(ex, a);
  }
}

Work LstmStack::work(bool with_backward) const {
  const double N = ragged_.view().frames, H = static_cast<double>(shape_.H);
  Work w{.frames = N};
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    const double F = static_cast<double>(layers_[l].F), D = 2;
    const double inputs = N * D * 2 * 4 * H * F, recurrent = N * D * 2 * 4 * H * H, weights = D * 4 * H * (F + H + 2);
    w.flops += inputs + recurrent;
    w.bytes += 4 * (N * F + N * D * 6 * H + weights);  // x; gates, c, h
    if (!with_backward) continue;
    w.flops += 2 * (inputs + recurrent) - (l == 0 ? inputs : 0);                        // dW, dx, dh
    w.bytes += 4 * (N * F + N * D * (8 + 3) * H + (l == 0 ? 0 : N * F) + 2 * weights);  // gates in and out; c, h, dh
  }
  return w;
}

std::string LstmStack::difference_from_oracle(Exec& ex) {
  forward(ex);
  backward(ex);
  std::vector<oracle::LstmLayer> layers;
  std::vector<oracle::LstmGradient> sums;
  for (const Layer& l : layers_) {
    oracle::LstmLayer o{static_cast<std::size_t>(l.F), static_cast<std::size_t>(shape_.H), {}};
    for (const Direction& d : l.w)
      o.dir.push_back({to_double(d.w_ih), to_double(d.w_hh), to_double(d.b_ih), to_double(d.b_hh)});
    layers.push_back(o);
    sums.push_back(oracle::zero_gradient(o, 0));
  }
  std::vector<double> top;
  Index n = 0;
  for (const Index T : shape_.lengths) {
    std::vector<std::vector<double>> in = {rows(to_double(x_), n, T, shape_.F)};
    for (const auto& l : layers) in.push_back(oracle::lstm_output(l, in.back()));
    append(top, in.back());
    std::vector<double> dh = rows(to_double(dh_), n, T, 2 * shape_.H);
    for (std::size_t l = layers.size(); l-- > 0;) {
      sums[l].dx.assign(in[l].size(), 0.0);
      for (std::size_t d = 0; d < 2; ++d) oracle::lstm_direction_backward(layers[l], d, in[l], dh, sums[l]);
      dh = sums[l].dx;
    }
    n += T;
  }
  std::string wrong = compare("h", layers_.back().h, top, kForward);
  for (std::size_t l = 0; l < layers.size(); ++l)
    for (std::size_t d = 0; d < 2; ++d) {
      const Direction& got = layers_[l].dw[d];
      const auto& want = sums[l].dir[d];
      const std::string at = "_l" + std::to_string(l) + (d == 0 ? "" : "_reverse");
      for (const auto& [name, g, w] : {std::tuple{"dw_ih", &got.w_ih, &want.w_ih},
                                       {"dw_hh", &got.w_hh, &want.w_hh},
                                       {"db_ih", &got.b_ih, &want.b_ih},
                                       {"db_hh", &got.b_hh, &want.b_hh}})
        if (wrong.empty()) wrong = compare(name + at, *g, *w, kBackward);
    }
  return wrong;
}

}  // namespace cutract::bench
