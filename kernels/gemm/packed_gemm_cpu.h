#pragma once

#include <cstdlib>
#include <memory>

#include "host/core/view.h"

// Matrix products for the recurrence. One factor is packed beforehand so that the inner loop reads it in order. Not
// ops: the LSTM's CPU files call them. The result of a row never depends on the rows computed beside it, and every sum
// runs over k in order.
namespace cutract {

// Floats aligned to a cache line: a vector load that crosses two lines costs two.
class AlignedFloats {
 public:
  explicit AlignedFloats(Index size);
  float* data() { return at_.get(); }
  const float* data() const { return at_.get(); }

 private:
  struct Free {
    void operator()(float* p) const { std::free(p); }
  };
  std::unique_ptr<float, Free> at_;
};

// A [K, N] matrix stored in panels of 16 columns, [N / 16][K][16], padded with zeros.
class PackedMatrix {
 public:
  static constexpr Index kPanel = 16;
  // Element (k, n) is at w[k * stride_k + n * stride_n].
  PackedMatrix(const float* w, Index K, Index N, Index stride_k, Index stride_n);
  // out[r][0..N) = start + rows[r][0..K) * matrix, for each of `count` rows. `start` is a row [N]; if it is null, the
  // values already in out are used.
  void multiply(const float* const* rows, Index count, const float* start, float* const* out) const;

 private:
  Index k_, n_;
  AlignedFloats panels_;
};

// Gradient of a weight matrix and its bias: sums over all N frames of the products of two rows, computed one group of
// rows at a time.
struct OuterProduct {
  Index frames = 0;
  const float* left = nullptr;  // [frames, left_stride]; columns first .. first + rows - 1 are used
  Index left_stride = 0, first = 0, rows = 0;
  const float* right = nullptr;  // [frames, right_cols]
  Index right_cols = 0;
  const float* const* more = nullptr;  // [frames] each a row [more_cols], or null for zeros
  Index more_cols = 0;
  // sum[i, j] = sum over n of left[n, first + i] [right | more][n, j], in out [rows, right_cols + more_cols]. left_sums
  // receives the sums of the left columns alone, in double, except that groups of four frames are added in float first.
  float* out = nullptr;
  double* left_sums = nullptr;  // [rows]
};
constexpr Index kMostOuterRows = 512;  // with more rows, the sums would be streamed through the caches once per chunk
void outer_product(const OuterProduct&);

}  // namespace cutract
