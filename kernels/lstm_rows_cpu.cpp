#include "kernels/lstm_rows_cpu.h"

#include <algorithm>
#include <cstring>

#include "host/core/plant.h"
#include "kernels/clones.h"
#include "kernels/math.h"

namespace cutract {
namespace {

constexpr Index kPanel = 16;

typedef float Lanes __attribute__((vector_size(kPanel * sizeof(float))));

inline Lanes load(const float* p) {
  Lanes v;
  std::memcpy(&v, p, sizeof v);
  return v;
}

// R rows times two panels (or one): R * 2 accumulators stay in registers over all of K.
template <int R, int P>
inline __attribute__((always_inline)) void block(const float* const* rows, Index K, const float* panel, float* out,
                                                 Index ld, Index last) {
  Lanes sum[R][P] = {};
  for (Index k = 0; k < K; ++k) {
    Lanes w[P];
    for (int p = 0; p < P; ++p) w[p] = load(panel + (p * K + k) * kPanel);
    for (int r = 0; r < R; ++r)
      for (int p = 0; p < P; ++p) sum[r][p] += w[p] * rows[r][k];
  }
  for (int r = 0; r < R; ++r)
    for (int p = 0; p < P; ++p)
      std::memcpy(out + r * ld + p * kPanel, &sum[r][p],
                  sizeof(float) * static_cast<std::size_t>(p == P - 1 ? last : kPanel));
}

template <int P>
inline __attribute__((always_inline)) void panels(const float* const* rows, Index count, Index K, const float* panel,
                                                  float* out, Index ld, Index last) {
  Index r = 0;
  for (; r + 8 <= count; r += 8) block<8, P>(rows + r, K, panel, out + r * ld, ld, last);
  if (count - r >= 4) block<4, P>(rows + r, K, panel, out + r * ld, ld, last), r += 4;
  if (count - r >= 2) block<2, P>(rows + r, K, panel, out + r * ld, ld, last), r += 2;
  if (count - r >= 1) block<1, P>(rows + r, K, panel, out + r * ld, ld, last);
}

CUTRACT_CLONES void multiply_panels(const float* const* rows, Index count, Index K, Index N, const float* packed,
                                    float* out) {
  Index n = 0;
  for (; n + kPanel < N; n += 2 * kPanel)
    panels<2>(rows, count, K, packed + n * K, out + n, N, std::min(kPanel, N - n - kPanel));
  if (n < N) panels<1>(rows, count, K, packed + n * K, out + n, N, N - n);
}

CUTRACT_CLONES void forward_row(Index H, float* __restrict gates, const float* __restrict rec,
                                const float* __restrict bias, const float* __restrict c_prev, float* __restrict c,
                                float* __restrict h) {
  if (rec)
    for (Index j = 0; j < 4 * H; ++j) gates[j] += rec[j] + bias[j];
  else
    for (Index j = 0; j < 4 * H; ++j) gates[j] += bias[j];
  float* __restrict gi = gates, * __restrict gf = gates + H, * __restrict gg = gates + 2 * H, * __restrict go = gates + 3 * H;
  for (Index j = 0; j < H; ++j) {
    const float i = sigmoid(gi[j]), f = sigmoid(gf[j]), g = tanh_fast(gg[j]), o = sigmoid(go[j]);
    gi[j] = i, gf[j] = f, gg[j] = g, go[j] = o;
    const float cell = (c_prev ? f * c_prev[j] : 0.0f) + i * g;
    c[j] = cell;
    h[j] = o * tanh_fast(cell);
  }
}

CUTRACT_CLONES void backward_row(Index H, float* __restrict gates, const float* __restrict c_prev,
                                 const float* __restrict c, const float* __restrict dh, const float* __restrict carry_h,
                                 float* __restrict carry_c) {
  float* __restrict gi = gates, * __restrict gf = gates + H, * __restrict gg = gates + 2 * H, * __restrict go = gates + 3 * H;
  for (Index j = 0; j < H; ++j) {
    const float i = gi[j], f = gf[j], g = gg[j], o = go[j];
    const float t = tanh_fast(c[j]);
    const float dhj = dh[j] + (carry_h ? carry_h[j] : 0.0f);
    const float dc = carry_c[j] + dhj * o * (1 - t * t);
    gi[j] = dc * g * i * (1 - i);
    gf[j] = (c_prev ? dc * c_prev[j] : 0.0f) * f * (1 - f);
    gg[j] = dc * i * (1 - g * g);
    go[j] = dhj * t * o * (1 - o);
    carry_c[j] = dc * f;
  }
}

}  // namespace

PackedWeights::PackedWeights(const float* w, Index K, Index N, Index stride_k, Index stride_n)
    : k_(K), n_(N), panels_(static_cast<std::size_t>((N + kPanel - 1) / kPanel * kPanel * K)) {
  float* to = panels_.data();
  for (Index n0 = 0; n0 < N; n0 += kPanel)
    for (Index k = 0; k < K; ++k, to += kPanel)
      for (Index n = n0; n < std::min(n0 + kPanel, N); ++n) to[n - n0] = w[k * stride_k + n * stride_n];
}

void PackedWeights::multiply(const float* const* rows, Index count, float* out) const {
  multiply_panels(rows, count, k_, n_, panels_.data(), out);
}

void lstm_cell_row(Index H, float* gates, const float* rec, const float* bias, const float* c_prev, float* c,
                   float* h) {
  if (CUTRACT_PLANTED("swap_i_f")) std::swap_ranges(gates, gates + H, gates + H);
  if (CUTRACT_PLANTED("swap_g_o")) std::swap_ranges(gates + 2 * H, gates + 3 * H, gates + 3 * H);
  forward_row(H, gates, rec, bias, c_prev, c, h);
}

void lstm_cell_row_backward(Index H, float* gates, const float* c_prev, const float* c, const float* dh,
                            const float* carry_h, float* carry_c) {
  backward_row(H, gates, c_prev, c, dh, CUTRACT_PLANTED("no_carry_h") ? nullptr : carry_h, carry_c);
}

}  // namespace cutract
