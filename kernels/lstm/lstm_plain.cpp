#include "kernels/lstm/lstm_plain.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/lstm/lstm_rows_cpu.h"

namespace cutract {
namespace {

using Row = std::vector<float>;

float logistic(float x) { return 1.0f / (1.0f + std::exp(-x)); }

Row zeros(Index n) { return Row(static_cast<std::size_t>(n)); }

// y[i] += sum over j of w[i, j] x[j]
void add_product(View<const float, 2> w, const float* x, float* y) {
  for (Index i = 0; i < w.shape[0]; ++i)
    for (Index j = 0; j < w.shape[1]; ++j) y[i] += w.row(i)[j] * x[j];
}
// x[j] += sum over i of y[i] w[i, j]
void add_transposed_product(View<const float, 2> w, const float* y, float* x) {
  for (Index i = 0; i < w.shape[0]; ++i)
    for (Index j = 0; j < w.shape[1]; ++j) x[j] += y[i] * w.row(i)[j];
}
// dw[i, j] += y[i] x[j]
void add_outer(const float* y, const float* x, View<float, 2> dw) {
  for (Index i = 0; i < dw.shape[0]; ++i)
    for (Index j = 0; j < dw.shape[1]; ++j) dw.row(i)[j] += y[i] * x[j];
}

// One frame of one direction: a = W x + b_ih + R h' + b_hh; i, f, o = logistic(a), g = tanh(a); c = f c' + i g; h = o
// tanh(c).
void step(const LstmArgs& a, Index d, Index n, const float* h_prev, const float* c_prev) {
  const Index H = a.h.shape[2];
  const LstmWeights& w = a.w[static_cast<std::size_t>(d)];
  float* gate = a.gates.row(n) + d * 4 * H;
  for (Index j = 0; j < 4 * H; ++j) gate[j] = w.b_ih.data[j] + w.b_hh.data[j];
  add_product(w.w_ih, a.x.row(n), gate);
  add_product(w.w_hh, h_prev, gate);
  for (Index j = 0; j < H; ++j) {
    const float i = logistic(gate[j]), f = logistic(gate[H + j]), g = std::tanh(gate[2 * H + j]),
                o = logistic(gate[3 * H + j]);
    const float cell = f * c_prev[j] + i * g;
    gate[j] = i;
    gate[H + j] = f;
    gate[2 * H + j] = g;
    gate[3 * H + j] = o;
    a.c.row(n)[d * H + j] = cell;
    a.h.row(n)[d * H + j] = o * std::tanh(cell);
  }
}

// The same step backward: gates are replaced by their gradients before activation, dc by the gradient of c'. dh is the
// gradient of h, from the layer above and from the next step.
void step_back(const LstmBackwardArgs& a, Index d, Index n, const float* c_prev, const Row& dh, Row& dc) {
  const Index H = a.h.shape[2];
  float* gate = a.gates.row(n) + d * 4 * H;
  for (Index j = 0; j < H; ++j) {
    const auto at = static_cast<std::size_t>(j);
    const float i = gate[j], f = gate[H + j], g = gate[2 * H + j], o = gate[3 * H + j];
    const float t = std::tanh(a.c.row(n)[d * H + j]);
    const float cell = dc[at] + dh[at] * o * (1 - t * t);
    gate[j] = cell * g * i * (1 - i);
    gate[H + j] = cell * c_prev[j] * f * (1 - f);
    gate[2 * H + j] = cell * i * (1 - g * g);
    gate[3 * H + j] = dh[at] * t * o * (1 - o);
    dc[at] = cell * f;
  }
}

}  // namespace

void lstm_plain(const LstmArgs& a) {
  const Index D = a.h.shape[1], H = a.h.shape[2];
  const Row start = zeros(H);
  for (Index d = 0; d < D; ++d)
    for (Index b = 0; b < a.ragged.utterances; ++b) {
      const float *h = start.data(), *c = start.data();
      for (Index s = 0; s < a.ragged.length.data[b]; ++s) {
        const Index n = frame_at(a.ragged, d, b, s);
        step(a, d, n, h, c);
        h = a.h.row(n) + d * H;
        c = a.c.row(n) + d * H;
      }
    }
}

void lstm_backward_plain(const LstmBackwardArgs& a) {
  const Index D = a.h.shape[1], H = a.h.shape[2];
  const Row start = zeros(H);
  if (a.dx.data && !a.add_dx) std::fill_n(a.dx.data, a.dx.size(), 0.0f);
  for (Index d = 0; d < D; ++d)
    for (Index b = 0; b < a.ragged.utterances; ++b) {
      const LstmWeights& w = a.w[static_cast<std::size_t>(d)];
      const LstmGradients& dw = a.dw[static_cast<std::size_t>(d)];
      Row dh_next = zeros(H), dc = zeros(H);
      for (Index s = a.ragged.length.data[b] - 1; s >= 0; --s) {
        const Index n = frame_at(a.ragged, d, b, s), before = s > 0 ? frame_at(a.ragged, d, b, s - 1) : n;
        const float* h_prev = s > 0 ? a.h.row(before) + d * H : start.data();
        const float* c_prev = s > 0 ? a.c.row(before) + d * H : start.data();
        for (Index j = 0; j < H; ++j) dh_next[static_cast<std::size_t>(j)] += a.dh.row(n)[d * H + j];
        step_back(a, d, n, c_prev, dh_next, dc);
        const float* dgate = a.gates.row(n) + d * 4 * H;
        add_outer(dgate, a.x.row(n), dw.w_ih);
        add_outer(dgate, h_prev, dw.w_hh);
        for (Index j = 0; j < 4 * H; ++j) {
          dw.b_ih.data[j] += dgate[j];
          dw.b_hh.data[j] += dgate[j];
        }
        if (a.dx.data) add_transposed_product(w.w_ih, dgate, a.dx.row(n));
        std::fill(dh_next.begin(), dh_next.end(), 0.0f);
        add_transposed_product(w.w_hh, dgate, dh_next.data());
      }
    }
}

}  // namespace cutract
