#pragma once

#include <cstdint>
#include <vector>

#include "host/core/ragged.h"
#include "host/core/view.h"

// What the CPU's forward and backward recurrences share: the packed-weight product, the gate maths of a row, and the
// order in which a ragged batch is walked. Not ops: lstm_cpu.cpp and lstm_backward_cpu.cpp call them.
namespace cutract {

// A [K, N] matrix in panels of 16 columns, [N / 16][K][16], padded with zeros: the inner loop reads it in order.
class PackedWeights {
 public:
  // Element (k, n) of the matrix is at w[k * stride_k + n * stride_n].
  PackedWeights(const float* w, Index K, Index N, Index stride_k, Index stride_n);
  Index K() const { return k_; }
  Index N() const { return n_; }
  // out[r, 0..N) = rows[r][0..K) * matrix for each of `count` rows. A row's result does not depend on the rows beside
  // it.
  void multiply(const float* const* rows, Index count, float* out) const;

 private:
  Index k_, n_;
  std::vector<float> panels_;
};

// gates [4H] holds W x on entry and the activated gates on exit; rec [4H] is R h or null at the first step; bias [4H].
void lstm_cell_row(Index H, float* gates, const float* rec, const float* bias, const float* c_prev, float* c, float* h);

// gates [4H]: activated on entry, gradient before activation on exit. dh [H] is the gradient from above, carry_h from
// the next step (or null). carry_c [H] is read and replaced by the gradient of c_prev.
void lstm_cell_row_backward(Index H, float* gates, const float* c_prev, const float* c, const float* dh,
                            const float* carry_h, float* carry_c);

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
