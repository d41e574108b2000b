#include <algorithm>
#include <vector>

#include "host/core/plant.h"
#include "kernels/gemm/packed_gemm_cpu.h"
#include "kernels/lstm/lstm.h"
#include "kernels/lstm/lstm_rows_cpu.h"

namespace cutract {
namespace {

// The weights of one direction, packed for the products of this call.
struct Packed {
  PackedMatrix input, recurrent;  // [F, 4H], [H, 4H]
  std::vector<float> bias;        // [4H]
  Packed(const LstmWeights& w, Index F, Index H)
      : input(w.w_ih.data, F, 4 * H, 1, F), recurrent(w.w_hh.data, H, 4 * H, 1, H) {
    for (Index j = 0; j < 4 * H; ++j)
      bias.push_back(w.b_ih.data[j] + (CUTRACT_PLANTED("drop_b_hh") ? 0.0f : w.b_hh.data[j]));
  }
};

// gates = W x + b for the frames of one tile.
void project(const LstmArgs& a, const Packed& w, Index d, Index begin, Index end) {
  const Index H = a.h.shape[2];
  std::vector<const float*> rows;
  std::vector<float*> out;
  for (Index n = begin; n < end; ++n) {
    rows.push_back(a.x.row(n));
    out.push_back(a.gates.row(n) + d * 4 * H);
  }
  w.input.multiply(rows.data(), end - begin, w.bias.data(), out.data());
}

// Runs all steps of utterances [first, last) in one direction. Each step is one product of the active rows with the
// recurrent weights, followed by the gate maths.
void run_steps(const LstmArgs& a, const Packed& w, Index d, Index first, Index last) {
  const Index H = a.h.shape[2];
  const Ragged& r = a.ragged;
  std::vector<const float*> h_prev(static_cast<std::size_t>(last - first)), c_prev(h_prev);
  std::vector<float*> gates(h_prev.size());
  const std::vector<float> zeros(static_cast<std::size_t>(H));
  Index active = last;
  for (Index s = 0; s < r.length.data[first]; ++s) {
    active = active_at(r, s, active);
    for (Index b = first; b < active; ++b) {
      Index n = frame_at(r, d, b, s);
      if (CUTRACT_PLANTED("reverse_ignores_length") && d == 1)  // treat every utterance as being as long as the longest
        n = r.offset.data[b] + std::min<Index>(r.longest - 1 - s, r.length.data[b] - 1);
      gates[static_cast<std::size_t>(b - first)] = a.gates.row(n) + d * 4 * H;
    }
    if (s > 0) w.recurrent.multiply(h_prev.data(), active - first, nullptr, gates.data());
    for (Index b = first; b < active; ++b) {
      const auto at = static_cast<std::size_t>(b - first);
      const Index n = (gates[at] - a.gates.data) / a.gates.shape[2] / a.gates.shape[1];
      float* c = a.c.row(n) + d * H;
      float* h = a.h.row(n) + d * H;
      lstm_cell_row(H, gates[at], s > 0 ? c_prev[at] : zeros.data(), c, h);
      h_prev[at] = h;
      c_prev[at] = c;
      if (s + 1 < r.length.data[b]) {
        const Index next = frame_at(r, d, b, s + 1);
        prefetch_row(a.gates.row(next) + d * 4 * H, 4 * H);
        prefetch_row(a.c.row(next) + d * H, H);
        prefetch_row(a.h.row(next) + d * H, H);
      }
    }
  }
}

}  // namespace

void lstm(CpuExec& ex, const LstmArgs& a) {
  const Index N = a.x.shape[0], F = a.x.shape[1], D = a.h.shape[1], H = a.h.shape[2], B = a.ragged.utterances;
  if (N == 0) return;
  std::vector<std::unique_ptr<Packed>> w(static_cast<std::size_t>(D));
  ex.parallel(D, [&](Index d) {
    const auto at = static_cast<std::size_t>(d);
    w[at] = std::make_unique<Packed>(a.w[at], F, H);
  });
  constexpr Index kTile = 64;
  const Index tiles = (N + kTile - 1) / kTile;
  ex.parallel(D * tiles, [&](Index task) {
    const Index d = task / tiles, begin = task % tiles * kTile;
    project(a, *w[static_cast<std::size_t>(d)], d, begin, std::min(begin + kTile, N));
  });
  const RowGroups rows(B, D, ex.threads());
  ex.parallel(rows.groups * D, [&](Index task) {
    const Index d = task % D, first = task / D * rows.per_group, last = std::min(first + rows.per_group, B);
    if (first < last) run_steps(a, *w[static_cast<std::size_t>(d)], d, first, last);
  });
}

}  // namespace cutract
