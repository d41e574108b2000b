#include "bench/lstm_stack.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "tests/oracle/lstm.h"

namespace cutract::bench {
namespace {

// The bounds of tests/kernels/lstm_test.cpp for one layer. The largest values seen on the CPU over all cases here, up
// to 6 layers, were 2.2e-7 and 5e-7.
constexpr double kForward = 2e-6, kBackward = 1e-5;

std::vector<double> rows(const std::vector<double>& v, Index first, Index count, Index width) {
  return {v.begin() + first * width, v.begin() + (first + count) * width};
}

void append(std::vector<double>& to, const std::vector<double>& more) { to.insert(to.end(), more.begin(), more.end()); }

Index input_width(const LstmShape& s, Index layer) { return layer == 0 ? s.F : 2 * s.H; }
Index direction_size(Index F, Index H) { return 4 * H * (F + H + 2); }

Index gradients_size(const LstmShape& s) {
  Index n = 0;
  for (Index l = 0; l < s.L; ++l) n += 2 * direction_size(input_width(s, l), s.H);
  return n;
}

}  // namespace

LstmStack::LstmStack(Exec& ex, LstmShape shape)
    : shape_(std::move(shape)),
      ragged_(ex, shape_.lengths),
      x_(random_on(ex, frames_of(shape_.lengths) * shape_.F, 1)),
      dh_(random_on(ex, frames_of(shape_.lengths) * 2 * shape_.H, 2)),
      gradients_(ex, gradients_size(shape_)) {
  const Index N = ragged_.view().frames, H = shape_.H;
  const double bound = 1 / std::sqrt(static_cast<double>(H));
  Index at = 0;
  for (Index l = 0; l < shape_.L; ++l) {
    const Index F = input_width(shape_, l);
    std::vector<Direction> w;
    for (std::uint64_t d = 0; d < 2; ++d) {
      const std::uint64_t key = 10 + 10 * static_cast<std::uint64_t>(l) + 4 * d;
      w.push_back({random_on(ex, 4 * H * F, key, bound), random_on(ex, 4 * H * H, key + 1, bound),
                   random_on(ex, 4 * H, key + 2, bound), random_on(ex, 4 * H, key + 3, bound)});
    }
    layers_.push_back({F, std::move(w), zeros_on(ex, N * 8 * H), zeros_on(ex, N * 2 * H), zeros_on(ex, N * 2 * H),
                       zeros_on(ex, l == 0 ? 0 : N * F), Buffer<std::byte>(ex, 0), at});
    Layer& layer = layers_.back();
    layer.reserve = Buffer<std::byte>(ex, lstm_reserve_bytes(ex, args(layers_.size() - 1)));
    at += 2 * direction_size(F, H);
  }
}

View<const float, 2> LstmStack::input(std::size_t l) const {
  const Index N = ragged_.view().frames;
  return {l == 0 ? x_.data() : layers_[l - 1].h.data(), {N, layers_[l].F}};
}

LstmArgs LstmStack::args(std::size_t l) const {
  const Layer& layer = layers_[l];
  const Index N = ragged_.view().frames, H = shape_.H, F = layer.F;
  LstmArgs a{.x = input(l),
             .w = {},
             .ragged = ragged_.view(),
             .gates = {layer.gates.data(), {N, 2, 4 * H}},
             .c = {layer.c.data(), {N, 2, H}},
             .h = {layer.h.data(), {N, 2, H}},
             .precision = shape_.precision,
             .engine = shape_.engine,
             .reserve = layer.reserve.view()};
  for (std::size_t d = 0; d < 2; ++d) {
    const Direction& w = layer.w[d];
    a.w[d] = {{w.w_ih.data(), {4 * H, F}}, {w.w_hh.data(), {4 * H, H}}, w.b_ih.view(), w.b_hh.view()};
  }
  return a;
}

LstmGradients LstmStack::gradients(const Layer& layer, Index d) const {
  const Index H = shape_.H, F = layer.F;
  float* at = gradients_.data() + layer.gradients + d * direction_size(F, H);
  float *w_hh = at + 4 * H * F, *b_ih = w_hh + 4 * H * H;
  return {{at, {4 * H, F}}, {w_hh, {4 * H, H}}, {b_ih, {4 * H}}, {b_ih + 4 * H, {4 * H}}};
}

void LstmStack::forward(Exec& ex) {
  for (std::size_t l = 0; l < layers_.size(); ++l) lstm(ex, args(l));
}

void LstmStack::backward(Exec& ex) {
  const Index N = ragged_.view().frames, H = shape_.H;
  gradients_.clear(ex);
  for (std::size_t l = layers_.size(); l-- > 0;) {
    const Layer& layer = layers_[l];
    const LstmArgs f = args(l);
    const float* dh = l + 1 == layers_.size() ? dh_.data() : layers_[l + 1].dx.data();
    LstmBackwardArgs a{.x = f.x,
                       .w = f.w,
                       .ragged = f.ragged,
                       .gates = f.gates,
                       .c = f.c,
                       .h = f.h,
                       .dh = {dh, {N, 2, H}},
                       .dx = {},
                       .dw = {gradients(layer, 0), gradients(layer, 1)},
                       .precision = f.precision,
                       .engine = f.engine,
                       .reserve = f.reserve};
    if (l > 0) a.dx = {layer.dx.data(), {N, layer.F}};
    lstm_backward(ex, a);
  }
}

Work LstmStack::work(bool with_backward) const {
  const double N = ragged_.view().frames, H = static_cast<double>(shape_.H);
  Work w{.frames = N, .precision = shape_.precision};
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
  const auto to_host = [&](const Buffer<float>& v) { return to_double(v.values(ex)); };
  for (const Layer& l : layers_) {
    oracle::LstmLayer o{static_cast<std::size_t>(l.F), static_cast<std::size_t>(shape_.H), {}};
    for (const Direction& d : l.w)
      o.dir.push_back({to_host(d.w_ih), to_host(d.w_hh), to_host(d.b_ih), to_host(d.b_hh)});
    layers.push_back(o);
    sums.push_back(oracle::zero_gradient(o, 0));
  }
  const std::vector<double> x = to_host(x_), top_dh = to_host(dh_);
  std::vector<double> top;
  Index n = 0;
  for (const Index T : shape_.lengths) {
    std::vector<std::vector<double>> in = {rows(x, n, T, shape_.F)};
    for (const auto& l : layers) in.push_back(oracle::lstm_output(l, in.back()));
    append(top, in.back());
    std::vector<double> dh = rows(top_dh, n, T, 2 * shape_.H);
    for (std::size_t l = layers.size(); l-- > 0;) {
      sums[l].dx.assign(in[l].size(), 0.0);
      for (std::size_t d = 0; d < 2; ++d) oracle::lstm_direction_backward(layers[l], d, in[l], dh, sums[l]);
      dh = sums[l].dx;
    }
    n += T;
  }
  std::string wrong = compare("h", layers_.back().h.values(ex), top, bound_of(shape_.precision, kForward));
  const std::vector<float> gradients = gradients_.values(ex);
  const float* at = gradients.data();
  for (std::size_t l = 0; l < layers.size(); ++l)
    for (std::size_t d = 0; d < 2; ++d) {
      const auto& want = sums[l].dir[d];
      const std::string layer = "_l" + std::to_string(l) + (d == 0 ? "" : "_reverse");
      for (const auto& [name, w] :
           {std::pair{"dw_ih", &want.w_ih}, {"dw_hh", &want.w_hh}, {"db_ih", &want.b_ih}, {"db_hh", &want.b_hh}}) {
        const std::vector<float> got(at, at + w->size());
        at += w->size();
        if (wrong.empty()) wrong = compare(name + layer, got, *w, bound_of(shape_.precision, kBackward));
      }
    }
  return wrong;
}

}  // namespace cutract::bench
