#include <algorithm>
#include <vector>

#include "host/core/plant.h"
#include "kernels/gemm/packed_gemm_cpu.h"
#include "kernels/lstm/lstm.h"
#include "kernels/lstm/lstm_rows_cpu.h"

namespace cutract {
namespace {

// Runs the steps of one direction backward for utterances [first, last); gates are replaced by their gradients.
void run_steps(const LstmBackwardArgs& a, const PackedMatrix& recurrent, Index d, Index first, Index last) {
  const Index H = a.h.shape[2];
  const Ragged& r = a.ragged;
  const auto count = static_cast<std::size_t>(last - first);
  std::vector<float> carry(count * static_cast<std::size_t>(2 * H)), zeros(static_cast<std::size_t>(H));
  std::vector<const float*> dgates(count);
  std::vector<float*> carry_h(count);
  float* carry_c = carry.data() + static_cast<Index>(count) * H;
  for (std::size_t b = 0; b < count; ++b) carry_h[b] = carry.data() + static_cast<Index>(b) * H;

  Index began = first;  // utterances whose last step has been processed; the carries of the others are still zero
  for (Index s = r.length.data[first] - 1; s >= 0; --s) {
    Index active = began;
    while (active < last && r.length.data[active] > s) ++active;
    for (Index b = first; b < active; ++b) {
      const auto at = static_cast<std::size_t>(b - first);
      const Index n = frame_at(r, d, b, s);
      float* gates = a.gates.row(n) + d * 4 * H;
      const float* c_prev = s > 0 ? a.c.row(frame_at(r, d, b, s - 1)) + d * H : zeros.data();
      lstm_cell_row_backward(H, gates, c_prev, a.c.row(n) + d * H, a.dh.row(n) + d * H, carry_h[at],
                             carry_c + (b - first) * H);
      dgates[at] = gates;
      if (s > 0) {
        const Index next = frame_at(r, d, b, s - 1);
        prefetch_row(a.gates.row(next) + d * 4 * H, 4 * H);
        prefetch_row(a.dh.row(next) + d * H, H);
        if (s > 1) prefetch_row(a.c.row(frame_at(r, d, b, s - 2)) + d * H, H);
      }
    }
    if (s > 0) recurrent.multiply(dgates.data(), active - first, zeros.data(), carry_h.data());
    began = active;
  }
}

// h of the step before each frame; null for an utterance's first step.
std::vector<const float*> previous_h(const LstmBackwardArgs& a, Index d) {
  const Index H = a.h.shape[2];
  std::vector<const float*> before(static_cast<std::size_t>(a.h.shape[0]));
  for (Index b = 0; b < a.ragged.utterances; ++b)
    for (Index s = 1; s < a.ragged.length.data[b]; ++s) {
      const Index now = frame_at(a.ragged, d, b, s), then = frame_at(a.ragged, d, b, s - 1);
      before[static_cast<std::size_t>(now)] = a.h.row(CUTRACT_PLANTED("dr_uses_h_now") ? now : then) + d * H;
    }
  return before;
}

// dx of the frames of one tile: set from the first direction, unless it is added too; the second is added.
void input_gradient(const LstmBackwardArgs& a, const std::vector<PackedMatrix>& input, Index begin, Index end) {
  const Index F = a.x.shape[1], D = a.h.shape[1], H = a.h.shape[2];
  const std::vector<float> zeros(static_cast<std::size_t>(F));
  std::vector<const float*> rows(static_cast<std::size_t>(end - begin));
  std::vector<float*> out(rows.size());
  for (Index d = 0; d < (CUTRACT_PLANTED("dx_forward_only") ? 1 : D); ++d) {
    for (Index n = begin; n < end; ++n) {
      rows[static_cast<std::size_t>(n - begin)] = a.gates.row(n) + d * 4 * H;
      out[static_cast<std::size_t>(n - begin)] = a.dx.row(n);
    }
    input[static_cast<std::size_t>(d)].multiply(rows.data(), end - begin, d == 0 && !a.add_dx ? zeros.data() : nullptr,
                                                out.data());
  }
}

// Gate rows [first, first + rows) of every weight gradient of direction d.
void weight_gradient(const LstmBackwardArgs& a, const std::vector<const float*>& h_prev, Index d, Index first,
                     Index rows) {
  const Index N = a.x.shape[0], F = a.x.shape[1], D = a.h.shape[1], H = a.h.shape[2];
  std::vector<float> sum(static_cast<std::size_t>(rows * (F + H)));
  std::vector<double> bias(static_cast<std::size_t>(rows));
  outer_product({.frames = N,
                 .left = a.gates.data,
                 .left_stride = D * 4 * H,
                 .first = d * 4 * H + first,
                 .rows = rows,
                 .right = a.x.data,
                 .right_cols = F,
                 .more = h_prev.data(),
                 .more_cols = H,
                 .out = sum.data(),
                 .left_sums = bias.data()});
  const LstmGradients& dw = a.dw[static_cast<std::size_t>(d)];
  for (Index i = 0; i < rows; ++i) {
    const float* row = sum.data() + i * (F + H);
    const auto db = static_cast<float>(bias[static_cast<std::size_t>(i)]);
    for (Index j = 0; j < F; ++j) dw.w_ih.row(first + i)[j] += row[j];
    for (Index j = 0; j < H; ++j) dw.w_hh.row(first + i)[j] += row[F + j];
    dw.b_ih.data[first + i] += db;
    dw.b_hh.data[first + i] += db;
  }
}

}  // namespace

void lstm_backward(CpuExec& ex, const LstmBackwardArgs& a) {
  const Index N = a.x.shape[0], F = a.x.shape[1], D = a.h.shape[1], H = a.h.shape[2], B = a.ragged.utterances;
  if (N == 0) return;
  std::vector<PackedMatrix> recurrent, input;  // [4H, H] and [4H, F], not transposed
  for (Index d = 0; d < D; ++d) {
    const LstmWeights& w = a.w[static_cast<std::size_t>(d)];
    recurrent.emplace_back(w.w_hh.data, 4 * H, H, H, 1);
    if (a.dx.data) input.emplace_back(w.w_ih.data, 4 * H, F, F, 1);
  }
  const RowGroups groups(B, D, ex.threads());
  ex.parallel(groups.groups * D, [&](Index task) {
    const Index d = task % D, first = task / D * groups.per_group, last = std::min(first + groups.per_group, B);
    if (first < last) run_steps(a, recurrent[static_cast<std::size_t>(d)], d, first, last);
  });

  std::vector<std::vector<const float*>> h_prev;
  for (Index d = 0; d < D; ++d) h_prev.push_back(previous_h(a, d));
  // This division and that of RowGroups depend on the number of threads, but no bit of the result depends on either.
  const Index per_direction = (ex.threads() + D - 1) / D, even = (4 * H + per_direction - 1) / per_direction;
  const Index per_tile = std::min(kMostOuterRows, (even + 15) / 16 * 16),
              gate_tiles = (4 * H + per_tile - 1) / per_tile;
  ex.parallel(D * gate_tiles, [&](Index task) {
    const Index d = task / gate_tiles, first = task % gate_tiles * per_tile;
    weight_gradient(a, h_prev[static_cast<std::size_t>(d)], d, first, std::min(per_tile, 4 * H - first));
  });
  if (!a.dx.data) return;
  constexpr Index kTile = 64;
  ex.parallel((N + kTile - 1) / kTile,
              [&](Index tile) { input_gradient(a, input, tile * kTile, std::min((tile + 1) * kTile, N)); });
}

}  // namespace cutract
