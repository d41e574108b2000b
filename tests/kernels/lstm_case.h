#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "host/device/ragged.h"
#include "kernels/lstm/lstm.h"
#include "kernels/lstm/lstm_plain.h"
#include "tests/kernels/on_each_device.h"
#include "tests/oracle/lstm.h"
#include "tests/support/support.h"

namespace cutract::test {

// The inputs of one LSTM layer, forward and backward.
struct LstmCase {
  struct Direction {
    std::vector<float> w_ih, w_hh, b_ih, b_hh;
  };
  Index F = 1, H = 1;
  std::vector<std::int32_t> lengths;
  std::vector<float> x;        // [N, F]
  std::vector<Direction> dir;  // [D]
  std::vector<float> dh;       // [N, D, H]
  Index D() const { return static_cast<Index>(dir.size()); }
  Index N() const {
    Index n = 0;
    for (const auto l : lengths) n += l;
    return n;
  }
};

// The first utterance has length T, the others random lengths from 1 to T.
inline std::vector<std::int32_t> ragged_lengths(Rng& rng, Index B, Index T) {
  std::vector<std::int32_t> lengths;
  for (Index b = 0; b < B; ++b)
    lengths.push_back(b == 0 ? static_cast<std::int32_t>(T) : 1 + rng.below(static_cast<int>(T)));
  std::sort(lengths.begin(), lengths.end(), std::greater<>());
  return lengths;
}

// Weights of the size that torch.nn.LSTM starts with, times `scale`. They are smaller for an input much wider than H,
// which would saturate every gate: a gate of 1 - 1e-5 stored in float loses 0.6 % of its slope, in any implementation.
inline LstmCase random_lstm(Rng& rng, std::vector<std::int32_t> lengths, Index F, Index H, Index D, double scale = 1) {
  LstmCase c{F, H, std::move(lengths), {}, std::vector<LstmCase::Direction>(static_cast<std::size_t>(D)), {}};
  const auto weights = [&](Index n, Index fan) {
    const double bound = scale / std::sqrt(static_cast<double>(fan));
    std::vector<float> w(static_cast<std::size_t>(n));
    for (auto& v : w) v = static_cast<float>(rng.uniform(-bound, bound));
    return w;
  };
  c.x = rng.normals(c.N() * F);
  c.dh = rng.normals(c.N() * D * H);
  for (auto& d : c.dir)
    d = {weights(4 * H * F, std::max(F, H)), weights(4 * H * H, H), weights(4 * H, H), weights(4 * H, H)};
  return c;
}

// Splits the batch into one batch per utterance.
inline std::vector<LstmCase> utterances(const LstmCase& in) {
  std::vector<LstmCase> all;
  std::ptrdiff_t n = 0;
  for (const auto length : in.lengths) {
    const auto cut = [&](const std::vector<float>& v, Index width) {
      return std::vector<float>(v.begin() + n * width, v.begin() + (n + length) * width);
    };
    all.push_back({in.F, in.H, {length}, cut(in.x, in.F), in.dir, cut(in.dh, in.D() * in.H)});
    n += length;
  }
  return all;
}

// Results by name: h, c, dgates (before activation), dx, w_ih_0, ..., b_hh_1.
template <class T>
struct Named {
  std::vector<std::pair<std::string, std::vector<T>>> all;
  const std::vector<T>& operator[](const std::string& name) const {
    for (const auto& [n, v] : all)
      if (n == name) return v;
    ADD_FAILURE() << "no result called " << name;
    return all.front().second;
  }
};

struct LstmRun {
  bool want_dx = true;
  const std::vector<float>* dx = nullptr;  // values that dx is added to; null means that it is set
  bool plain = false;                      // use lstm_plain.h, whatever exec() is
  const Named<float>* start = nullptr;     // gradients to add to; null means zeros
  Precision precision = Precision::fp32;
  LstmEngine engine = LstmEngine::automatic;
  Index behind = 0;  // rows after the last utterance, in which x is 0.7 and dh is 0
};

// Runs forward, then backward, in fenced blocks that start as NaN.
inline Named<float> run_lstm(Exec& ex, const LstmCase& in, LstmRun how = {}) {
  const Index N = in.N() + how.behind, D = in.D(), H = in.H, F = in.F;
  RaggedBlock batch(ex, in.lengths, how.behind);
  const auto padded = [&](std::vector<float> v, Index width, float value = 0) {
    v.resize(static_cast<std::size_t>(N * width), value);
    return v;
  };
  struct Weights {
    Block<float> w_ih, w_hh, b_ih, b_hh;
  };
  std::vector<Weights> w, dw;
  for (Index d = 0; d < D; ++d) {
    const auto& from = in.dir[static_cast<std::size_t>(d)];
    w.push_back({Block(ex, from.w_ih), Block(ex, from.w_hh), Block(ex, from.b_ih), Block(ex, from.b_hh)});
    const std::string at = "_" + std::to_string(d);
    const auto begin = [&](const char* name, std::size_t n) {
      return Block(ex, how.start ? (*how.start)[name + at] : std::vector<float>(n));
    };
    dw.push_back({begin("w_ih", from.w_ih.size()), begin("w_hh", from.w_hh.size()), begin("b_ih", from.b_ih.size()),
                  begin("b_hh", from.b_hh.size())});
  }
  Block<float> x(ex, padded(in.x, F, 0.7f)), dh(ex, padded(in.dh, D * H)), gates(ex, N * D * 4 * H), c(ex, N * D * H),
      h(ex, N * D * H);
  Block<float> dx = how.dx ? Block<float>(ex, padded(*how.dx, F)) : Block<float>(ex, N * F);
  LstmArgs fwd{x.view<2>({N, F}),   {}, batch.view(), gates.view<3>({N, D, 4 * H}), c.view<3>({N, D, H}),
               h.view<3>({N, D, H})};
  LstmBackwardArgs bwd{fwd.x, {}, fwd.ragged, fwd.gates, fwd.c, fwd.h, dh.view<3>({N, D, H}), {}, {}};
  if (how.want_dx) bwd.dx = dx.view<2>({N, F});
  for (std::size_t d = 0; d < dw.size(); ++d) {
    fwd.w[d] = {w[d].w_ih.view<2>({4 * H, F}), w[d].w_hh.view<2>({4 * H, H}), w[d].b_ih.view(), w[d].b_hh.view()};
    bwd.dw[d] = {dw[d].w_ih.view<2>({4 * H, F}), dw[d].w_hh.view<2>({4 * H, H}), dw[d].b_ih.view(), dw[d].b_hh.view()};
  }
  bwd.w = fwd.w;
  bwd.add_dx = how.dx != nullptr;
  fwd.precision = bwd.precision = how.precision;
  fwd.engine = bwd.engine = how.engine;
  Block<std::byte> reserve(ex, lstm_reserve_bytes(ex, fwd));
  fwd.reserve = bwd.reserve = reserve.view();
  const bool keeps_c = reserve.view().size() == 0;  // otherwise it keeps everything in reserve

  how.plain ? lstm_plain(fwd) : lstm(ex, fwd);
  Named<float> out;
  out.all = {{"h", h.values()}};
  if (keeps_c) out.all.emplace_back("c", c.values());
  how.plain ? lstm_backward_plain(bwd) : lstm_backward(ex, bwd);
  EXPECT_BITWISE(h.values(), out["h"]);  // backward only reads them
  if (keeps_c) { EXPECT_BITWISE(c.values(), out["c"]); }
  if (keeps_c) out.all.emplace_back("dgates", gates.values());
  out.all.emplace_back("dx", dx.values());
  for (std::size_t d = 0; d < dw.size(); ++d) {
    const std::string at = "_" + std::to_string(d);
    out.all.emplace_back("w_ih" + at, dw[d].w_ih.values());
    out.all.emplace_back("w_hh" + at, dw[d].w_hh.values());
    out.all.emplace_back("b_ih" + at, dw[d].b_ih.values());
    out.all.emplace_back("b_hh" + at, dw[d].b_hh.values());
  }
  return out;
}

inline oracle::LstmLayer oracle_layer(const LstmCase& in) {
  oracle::LstmLayer layer{static_cast<std::size_t>(in.F), static_cast<std::size_t>(in.H), {}};
  for (const auto& d : in.dir)
    layer.dir.push_back({to_double(d.w_ih), to_double(d.w_hh), to_double(d.b_ih), to_double(d.b_hh)});
  return layer;
}

// The same results from the oracle, one utterance at a time.
inline Named<double> oracle_lstm(const LstmCase& in) {
  const oracle::LstmLayer layer = oracle_layer(in);
  std::vector<double> h, c, dx;
  oracle::LstmGradient sum = oracle::zero_gradient(layer, 0);
  for (const LstmCase& one : utterances(in)) {
    const std::vector<double> x = to_double(one.x), dh = to_double(one.dh);
    std::vector<double> cells;
    const std::vector<double> out = oracle::lstm_output(layer, x, &cells);
    h.insert(h.end(), out.begin(), out.end());
    c.insert(c.end(), cells.begin(), cells.end());
    sum.dx.assign(x.size(), 0.0);
    for (std::size_t d = 0; d < layer.dir.size(); ++d) oracle::lstm_direction_backward(layer, d, x, dh, sum);
    dx.insert(dx.end(), sum.dx.begin(), sum.dx.end());
  }
  Named<double> named;
  named.all = {{"h", h}, {"c", c}, {"dx", dx}};
  for (std::size_t d = 0; d < sum.dir.size(); ++d) {
    const std::string at = "_" + std::to_string(d);
    named.all.emplace_back("w_ih" + at, sum.dir[d].w_ih);
    named.all.emplace_back("w_hh" + at, sum.dir[d].w_hh);
    named.all.emplace_back("b_ih" + at, sum.dir[d].b_ih);
    named.all.emplace_back("b_hh" + at, sum.dir[d].b_hh);
  }
  return named;
}

}  // namespace cutract::test
