#include <algorithm>
#include <vector>

#include "host/core/plant.h"
#include "kernels/gemm_cpu.h"
#include "kernels/lstm.h"
#include "kernels/lstm_rows_cpu.h"

namespace cutract {
namespace {

// All steps of one direction: at each, one product of the active rows with the recurrent weights, then the gate maths.
void run_direction(const LstmArgs& a, Index d) {
  const Index H = a.h.shape[2], B = a.ragged.utterances;
  const LstmWeights& w = a.w[static_cast<std::size_t>(d)];
  const PackedWeights recurrent(w.w_hh.data, H, 4 * H, 1, H);  // [H, 4H] = w_hh^T
  std::vector<float> bias(static_cast<std::size_t>(4 * H)), rec(static_cast<std::size_t>(B * 4 * H));
  for (Index j = 0; j < 4 * H; ++j)
    bias[static_cast<std::size_t>(j)] = w.b_ih.data[j] + (CUTRACT_PLANTED("drop_b_hh") ? 0.0f : w.b_hh.data[j]);
  std::vector<const float*> h_prev(static_cast<std::size_t>(B)), c_prev(static_cast<std::size_t>(B));

  Index active = B;
  for (Index s = 0; s < a.ragged.longest; ++s) {
    active = active_at(a.ragged, s, active);
    if (s > 0) recurrent.multiply(h_prev.data(), active, rec.data());
    for (Index b = 0; b < active; ++b) {
      const auto at = static_cast<std::size_t>(b);
      Index n = frame_at(a.ragged, d, b, s);
      if (CUTRACT_PLANTED("reverse_ignores_length") && d == 1)  // as if every utterance were as long as the longest
        n = a.ragged.offset.data[b] + std::min<Index>(a.ragged.longest - 1 - s, a.ragged.length.data[b] - 1);
      float* c = a.c.row(n) + d * H;
      float* h = a.h.row(n) + d * H;
      lstm_cell_row(H, a.gates.row(n) + d * 4 * H, s > 0 ? rec.data() + b * 4 * H : nullptr, bias.data(),
                    s > 0 ? c_prev[at] : nullptr, c, h);
      h_prev[at] = h, c_prev[at] = c;
    }
  }
}

}  // namespace

void lstm(CpuExec& ex, const LstmArgs& a) {
  const Index N = a.x.shape[0], F = a.x.shape[1], D = a.h.shape[1], H = a.h.shape[2];
  for (Index d = 0; d < D; ++d)
    gemm(ex, N, 4 * H, F, {a.x.data, F}, {a.w[static_cast<std::size_t>(d)].w_ih.data, F, true}, false,
         a.gates.data + d * 4 * H, D * 4 * H);
  ex.parallel(D, [&](Index d) { run_direction(a, d); });
}

}  // namespace cutract
