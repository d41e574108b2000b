#include "kernels/lstm/lstm_rows_cpu.h"

#include <vector>

#include "host/core/plant.h"
#include "kernels/isa.h"
#include "kernels/math.h"

namespace cutract {
namespace {

template <Isa>
CUTRACT_INLINE void forward_row_body(Index H, float* __restrict gates, const float* __restrict c_prev,
                                     float* __restrict c, float* __restrict h) {
  float* __restrict gi = gates, * __restrict gf = gates + H, * __restrict gg = gates + 2 * H, * __restrict go = gates + 3 * H;
#pragma GCC ivdep
  for (Index j = 0; j < H; ++j) {
    const float i = sigmoid(gi[j]), f = sigmoid(gf[j]), g = tanh_fast(gg[j]), o = sigmoid(go[j]);
    gi[j] = i;
    gf[j] = f;
    gg[j] = g;
    go[j] = o;
    const float cell = f * c_prev[j] + i * g;
    c[j] = cell;
    h[j] = o * tanh_fast(cell);
  }
}
CUTRACT_PER_ISA(forward_row, (Index H, float* gates, const float* c_prev, float* c, float* h), (H, gates, c_prev, c, h))

template <Isa>
CUTRACT_INLINE void backward_row_body(Index H, float* __restrict gates, const float* __restrict c_prev,
                                      const float* __restrict c, const float* __restrict dh,
                                      const float* __restrict carry_h, float* __restrict carry_c) {
  float* __restrict gi = gates, * __restrict gf = gates + H, * __restrict gg = gates + 2 * H, * __restrict go = gates + 3 * H;
#pragma GCC ivdep
  for (Index j = 0; j < H; ++j) {
    const float i = gi[j], f = gf[j], g = gg[j], o = go[j];
    const float t = tanh_fast(c[j]);
    const float dhj = dh[j] + carry_h[j];
    const float dc = carry_c[j] + dhj * o * (1 - t * t);
    gi[j] = dc * g * i * (1 - i);
    gf[j] = dc * c_prev[j] * f * (1 - f);
    gg[j] = dc * i * (1 - g * g);
    go[j] = dhj * t * o * (1 - o);
    carry_c[j] = dc * f;
  }
}
CUTRACT_PER_ISA(backward_row,
                (Index H, float* gates, const float* c_prev, const float* c, const float* dh, const float* carry_h,
                 float* carry_c),
                (H, gates, c_prev, c, dh, carry_h, carry_c))

}  // namespace

void lstm_cell_row(Index H, float* gates, const float* c_prev, float* c, float* h) {
  if (CUTRACT_PLANTED("swap_i_f")) std::swap_ranges(gates, gates + H, gates + H);
  if (CUTRACT_PLANTED("swap_g_o")) std::swap_ranges(gates + 2 * H, gates + 3 * H, gates + 3 * H);
  forward_row(H, gates, c_prev, c, h);
}

void lstm_cell_row_backward(Index H, float* gates, const float* c_prev, const float* c, const float* dh,
                            const float* carry_h, float* carry_c) {
  const std::vector<float> none(CUTRACT_PLANTED("no_carry_h") ? static_cast<std::size_t>(H) : 0);
  backward_row(H, gates, c_prev, c, dh, none.empty() ? carry_h : none.data(), carry_c);
}

}  // namespace cutract
