#pragma once

#include <cmath>
#include <cstddef>
#include <vector>

// One LSTM layer in double precision, one utterance and one scalar at a time, directly from the equations of Hochreiter
// and Schmidhuber (1997) with a forget gate (Gers et al. 2000), in PyTorch's weight layout. Shares no code with the
// code under test.
//
//   i, f, o = sigmoid(W x_t + b_ih + R h_{t-1} + b_hh)   g = tanh(the same)   rows of W and R: i | f | g | o
//   c_t = f c_{t-1} + i g                                h_t = o tanh(c_t)
namespace cutract::oracle {

using Doubles = std::vector<double>;

struct LstmDirection {
  Doubles w_ih;        // [4H, F]
  Doubles w_hh;        // [4H, H]
  Doubles b_ih, b_hh;  // [4H]
};

struct LstmLayer {
  std::size_t F = 0, H = 0;
  std::vector<LstmDirection> dir;  // 1: forward in time; 2: also the reverse
};

// The results of one direction of one utterance, in the order of its own steps (the reverse direction starts at the
// end).
struct LstmSteps {
  std::vector<Doubles> gates;  // [T][4H] activated
  std::vector<Doubles> c, h;   // [T][H]
};

struct LstmGradient {
  Doubles dx;                      // [T, F]
  std::vector<LstmDirection> dir;  // sums over time
};

inline double logistic(double z) { return 1.0 / (1.0 + std::exp(-z)); }

// The time of step s in direction d.
inline std::size_t time_of(std::size_t d, std::size_t s, std::size_t T) { return d == 0 ? s : T - 1 - s; }

// x is [T, F].
inline LstmSteps lstm_direction(const LstmLayer& layer, std::size_t d, const Doubles& x) {
  const std::size_t F = layer.F, H = layer.H, T = x.size() / F;
  const LstmDirection& w = layer.dir[d];
  LstmSteps out;
  Doubles h(H, 0.0), c(H, 0.0);
  for (std::size_t s = 0; s < T; ++s) {
    const double* xt = x.data() + time_of(d, s, T) * F;
    Doubles gate(4 * H);
    for (std::size_t r = 0; r < 4 * H; ++r) {
      double z = w.b_ih[r] + w.b_hh[r];
      for (std::size_t k = 0; k < F; ++k) z += w.w_ih[r * F + k] * xt[k];
      for (std::size_t k = 0; k < H; ++k) z += w.w_hh[r * H + k] * h[k];
      gate[r] = r / H == 2 ? std::tanh(z) : logistic(z);
    }
    for (std::size_t j = 0; j < H; ++j) {
      c[j] = gate[H + j] * c[j] + gate[j] * gate[2 * H + j];
      h[j] = gate[3 * H + j] * std::tanh(c[j]);
    }
    out.gates.push_back(gate);
    out.c.push_back(c);
    out.h.push_back(h);
  }
  return out;
}

// Returns h [T, D, H] of one utterance; each row holds forward, then reverse.
inline Doubles lstm_output(const LstmLayer& layer, const Doubles& x, Doubles* c = nullptr) {
  const std::size_t H = layer.H, D = layer.dir.size(), T = x.size() / layer.F;
  Doubles h(T * D * H);
  if (c) c->assign(T * D * H, 0.0);
  for (std::size_t d = 0; d < D; ++d) {
    const LstmSteps steps = lstm_direction(layer, d, x);
    for (std::size_t s = 0; s < T; ++s)
      for (std::size_t j = 0; j < H; ++j) {
        const std::size_t to = (time_of(d, s, T) * D + d) * H + j;
        h[to] = steps.h[s][j];
        if (c) (*c)[to] = steps.c[s][j];
      }
  }
  return h;
}

inline LstmGradient zero_gradient(const LstmLayer& layer, std::size_t T) {
  LstmGradient g{Doubles(T * layer.F), layer.dir};
  for (auto& d : g.dir)
    for (Doubles* v : {&d.w_ih, &d.w_hh, &d.b_ih, &d.b_hh}) v->assign(v->size(), 0.0);
  return g;
}

// Back-propagation through time of one direction; adds to `sum`. dh [T, D, H].
inline void lstm_direction_backward(const LstmLayer& layer, std::size_t d, const Doubles& x, const Doubles& dh,
                                    LstmGradient& sum) {
  const std::size_t F = layer.F, H = layer.H, D = layer.dir.size(), T = x.size() / F;
  const LstmDirection& w = layer.dir[d];
  LstmDirection& dw = sum.dir[d];
  const LstmSteps steps = lstm_direction(layer, d, x);
  Doubles dh_later(H, 0.0), dc_later(H, 0.0);
  for (std::size_t s = T; s-- > 0;) {
    const std::size_t t = time_of(d, s, T);
    Doubles dz(4 * H);
    for (std::size_t j = 0; j < H; ++j) {
      const double i = steps.gates[s][j], f = steps.gates[s][H + j], g = steps.gates[s][2 * H + j];
      const double o = steps.gates[s][3 * H + j], tanh_c = std::tanh(steps.c[s][j]);
      const double c_before = s > 0 ? steps.c[s - 1][j] : 0.0;
      const double dh_here = dh[(t * D + d) * H + j] + dh_later[j];
      const double dc_here = dc_later[j] + dh_here * o * (1 - tanh_c * tanh_c);
      dz[j] = dc_here * g * i * (1 - i);
      dz[H + j] = dc_here * c_before * f * (1 - f);
      dz[2 * H + j] = dc_here * i * (1 - g * g);
      dz[3 * H + j] = dh_here * tanh_c * o * (1 - o);
      dc_later[j] = dc_here * f;
    }
    dh_later.assign(H, 0.0);
    for (std::size_t r = 0; r < 4 * H; ++r) {
      dw.b_ih[r] += dz[r];
      dw.b_hh[r] += dz[r];
      for (std::size_t k = 0; k < F; ++k) {
        dw.w_ih[r * F + k] += dz[r] * x[t * F + k];
        sum.dx[t * F + k] += dz[r] * w.w_ih[r * F + k];
      }
      for (std::size_t k = 0; k < H; ++k) {
        if (s > 0) dw.w_hh[r * H + k] += dz[r] * steps.h[s - 1][k];
        dh_later[k] += dz[r] * w.w_hh[r * H + k];
      }
    }
  }
}

// The gradient of sum(dh * h) for one utterance.
inline LstmGradient lstm_gradient(const LstmLayer& layer, const Doubles& x, const Doubles& dh) {
  LstmGradient g = zero_gradient(layer, x.size() / layer.F);
  for (std::size_t d = 0; d < layer.dir.size(); ++d) lstm_direction_backward(layer, d, x, dh, g);
  return g;
}

}  // namespace cutract::oracle
