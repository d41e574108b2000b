#pragma once

#include <algorithm>

#include "host/core/ragged.h"
#include "host/core/view.h"

// What the CPU's forward and backward recurrences share: the gate maths of a row, and the order in which a ragged batch
// is walked. Not ops: lstm_cpu.cpp and lstm_backward_cpu.cpp call them.
namespace cutract {

// gates [4H] holds W x + R h + b on entry and the activated gates on exit.
void lstm_cell_row(Index H, float* gates, const float* c_prev, float* c, float* h);

// gates [4H]: activated on entry, gradient before activation on exit. dh [H] is the gradient from above, carry_h from
// the next step. carry_c [H] is read and replaced by the gradient of c_prev.
void lstm_cell_row_backward(Index H, float* gates, const float* c_prev, const float* c, const float* dh,
                            const float* carry_h, float* carry_c);

// Asks for a row that the next step will want: rows of one step lie whole utterances apart, and the hardware does not
// see the next one coming.
inline void prefetch_row(const float* row, Index n) {
  for (Index j = 0; j < n; j += 16) __builtin_prefetch(row + j);
}

// The recurrence runs over groups of utterances side by side, each with one direction: group g of `groups` holds the
// utterances first .. last - 1. Rows do not feel each other, so how they are grouped changes no bit.
struct RowGroups {
  Index groups, per_group;
  RowGroups(Index utterances, Index directions, Index threads) {
    constexpr Index kFewest = 8;  // rows of one product: fewer would read the weights for too little work
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

// How many utterances are longer than s: lengths descend, so these are the first ones.
inline Index active_at(const Ragged& r, Index s, Index before) {
  Index n = before;
  while (n > 0 && r.length.data[n - 1] <= s) --n;
  return n;
}

}  // namespace cutract
