#include <algorithm>
#include <vector>

#include "host/core/plant.h"
#include "kernels/column_sums_cpu.h"
#include "kernels/gemm_cpu.h"
#include "kernels/lstm.h"
#include "kernels/lstm_rows_cpu.h"

namespace cutract {
namespace {

// Walks one direction's steps backward; gates become their gradients.
void run_direction(const LstmBackwardArgs& a, Index d) {
  const Index H = a.h.shape[2], B = a.ragged.utterances;
  const LstmWeights& w = a.w[static_cast<std::size_t>(d)];
  const PackedWeights recurrent(w.w_hh.data, 4 * H, H, H, 1);  // [4H, H] = w_hh
  std::vector<float> carry_h(static_cast<std::size_t>(B * H)), carry_c(static_cast<std::size_t>(B * H));
  std::vector<const float*> dgates(static_cast<std::size_t>(B));

  Index began = 0;  // utterances whose last step has been passed: their carries are valid
  for (Index s = a.ragged.longest - 1; s >= 0; --s) {
    Index active = began;
    while (active < B && a.ragged.length.data[active] > s) ++active;
    for (Index b = 0; b < active; ++b) {
      const Index n = frame_at(a.ragged, d, b, s);
      float* gates = a.gates.row(n) + d * 4 * H;
      const float* c_prev = s > 0 ? a.c.row(frame_at(a.ragged, d, b, s - 1)) + d * H : nullptr;
      lstm_cell_row_backward(H, gates, c_prev, a.c.row(n) + d * H, a.dh.row(n) + d * H,
                             b < began ? carry_h.data() + b * H : nullptr, carry_c.data() + b * H);
      dgates[static_cast<std::size_t>(b)] = gates;
    }
    if (s > 0) recurrent.multiply(dgates.data(), active, carry_h.data());
    began = active;
  }
}

// h of the step before each frame, zero at an utterance's first step: the left factor of dR.
void gather_previous_h(const LstmBackwardArgs& a, Index d, float* out) {
  const Index H = a.h.shape[2];
  for (Index b = 0; b < a.ragged.utterances; ++b)
    for (Index s = 0; s < a.ragged.length.data[b]; ++s) {
      float* to = out + frame_at(a.ragged, d, b, s) * H;
      if (s == 0)
        std::fill_n(to, H, 0.0f);
      else
        std::copy_n(a.h.row(frame_at(a.ragged, d, b, CUTRACT_PLANTED("dr_uses_h_now") ? s : s - 1)) + d * H, H, to);
    }
}

}  // namespace

void lstm_backward(CpuExec& ex, const LstmBackwardArgs& a) {
  const Index N = a.x.shape[0], F = a.x.shape[1], D = a.h.shape[1], H = a.h.shape[2], ld = D * 4 * H;
  ex.parallel(D, [&](Index d) { run_direction(a, d); });
  std::vector<float> h_prev(static_cast<std::size_t>(N * H));
  for (Index d = 0; d < D; ++d) {
    const auto at = static_cast<std::size_t>(d);
    const float* dgates = a.gates.data + d * 4 * H;
    gather_previous_h(a, d, h_prev.data());
    if (a.dx.data && !(CUTRACT_PLANTED("dx_forward_only") && d == 1))
      gemm(ex, N, F, 4 * H, {dgates, ld}, {a.w[at].w_ih.data, F}, d > 0, a.dx.data, F);
    gemm(ex, 4 * H, F, N, {dgates, ld, true}, {a.x.data, F}, true, a.dw[at].w_ih.data, F);
    gemm(ex, 4 * H, H, N, {dgates, ld, true}, {h_prev.data(), H}, true, a.dw[at].w_hh.data, H);
    add_column_sums(ex, dgates, N, 4 * H, ld, a.dw[at].b_ih.data);
    add_column_sums(ex, dgates, N, 4 * H, ld, a.dw[at].b_hh.data);
  }
}

}  // namespace cutract
