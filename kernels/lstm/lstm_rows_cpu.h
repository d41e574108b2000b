#pragma once

#include <algorithm>

#include "host/core/view.h"
#include "host/device/ragged.h"

// Code shared by the CPU's forward and backward recurrences: the gate maths of one row, and the order in which a ragged
// batch is traversed. Not ops: lstm_cpu.cpp and lstm_backward_cpu.cpp call them.
namespace cutract {

// gates [4H] holds W x + R h + b on entry and the activated gates on exit.
void lstm_cell_row(Index H, float* gates, const float* c_prev, float* c, float* h);

// gates [4H] holds the activated gates on entry and their gradients before activation on exit. dh [H] is the gradient
// from the layer above, carry_h the gradient from the next step. carry_c [H] is read and replaced by the gradient of
// c_prev.
void lstm_cell_row_backward(Index H, float* gates, const float* c_prev, const float* c, const float* dh,
                            const float* carry_h, float* carry_c);

// Prefetches a row that the next step needs. Consecutive rows of one step are an utterance apart, which defeats the
// hardware prefetcher.
inline void prefetch_row(const float* row, Index n) {
  for (Index j = 0; j < n; j += 16) __builtin_prefetch(row + j);
}

// The recurrence runs over groups of utterances, each group with one direction at a time: group g of `groups` holds the
// utterances first .. last - 1. Rows are independent, so the grouping does not affect the result, bit for bit.
struct RowGroups {
  Index groups, per_group;
  RowGroups(Index utterances, Index directions, Index threads) {
    constexpr Index kFewest = 8;  // rows of one product: with fewer, reading the weights would dominate
    const Index wanted = (threads + directions - 1) / directions, most = (utterances + kFewest - 1) / kFewest;
    groups = std::max<Index>(1, std::min(wanted, most));
    per_group = (utterances + groups - 1) / groups;
  }
};

// The frame that utterance b visits at step s: forward in time for d = 0, from its own last frame for d = 1.
inline Index frame_at(const Ragged& r, Index d, Index b, Index s) {
  const Index offset = r.offset.data[b];
  return d == 0 ? offset + s : offset + r.length.data[b] - 1 - s;
}

// The number of utterances longer than s. Lengths descend, so these are the first ones.
inline Index active_at(const Ragged& r, Index s, Index before) {
  Index n = before;
  while (n > 0 && r.length.data[n - 1] <= s) --n;
  return n;
}

}  // namespace cutract
