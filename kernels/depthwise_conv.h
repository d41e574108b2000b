#pragma once

#include "host/core/plant.h"
#include "host/core/view.h"
#include "host/device/exec.h"
#include "host/device/ragged.h"
#include "kernels/ragged_tiles.h"

namespace cutract {

constexpr Index kMostConvTaps = 63;

// Convolution of each channel with its own kernel along the frames of an utterance:
//   y[t, c] = b[c] + sum over k of w[c, k] x[t + k - (K - 1) / 2, c]
// where x is 0 outside the utterance. As torch.nn.Conv1d(C, C, K, padding=(K - 1) / 2, groups=C), whose weight [C, 1,
// K] is w. K is odd and at most 63. Rows after the last utterance are not read, and are 0 in y.
struct DepthwiseConvArgs {
  View<const float, 2> x;  // [N, C]
  Ragged ragged;
  View<const float, 2> w;  // [C, K]
  View<const float, 1> b;  // [C]
  View<float, 2> y;        // [N, C]
};
void depthwise_conv(Exec&, const DepthwiseConvArgs&);
void depthwise_conv(CpuExec&, const DepthwiseConvArgs&);
void depthwise_conv(GpuExec&, const DepthwiseConvArgs&);

// dx is dy convolved with the reversed kernels (skipped if dx.data is null); dw[c, k] += sum over frames t of
// dy[t, c] x[t + k - (K - 1) / 2, c]; db += column sums of dy. Both sums are over tiles of rows, which are added in
// order in double.
struct DepthwiseConvBackwardArgs {
  View<const float, 2> x;  // [N, C] as in forward
  Ragged ragged;
  View<const float, 2> w;   // [C, K]
  View<const float, 2> dy;  // [N, C]
  View<float, 2> dx;        // [N, C] or null
  View<float, 2> dw;        // [C, K]
  View<float, 1> db;        // [C]
};
void depthwise_conv_backward(Exec&, const DepthwiseConvBackwardArgs&);
void depthwise_conv_backward(CpuExec&, const DepthwiseConvBackwardArgs&);
void depthwise_conv_backward(GpuExec&, const DepthwiseConvBackwardArgs&);

// By how many frames the kernel reaches back: tap k meets frame t + k - conv_reach(K).
CUTRACT_HD inline Index conv_reach(Index K) { return (K - 1) / 2 - (CUTRACT_PLANTED("conv_shifted") ? 1 : 0); }

// Whether frame t of the tile's utterance exists. All others count as 0.
CUTRACT_HD inline bool conv_has_frame(const RaggedTiles::Tile& tile, Index t, Index rows) {
  if (CUTRACT_PLANTED("conv_crosses_utterances")) return tile.start + t >= 0 && tile.start + t < rows;
  return t >= 0 && t < tile.length;
}

// The first tile that counts in the gradients of the weights.
CUTRACT_HD inline Index conv_first_tile() { return CUTRACT_PLANTED("conv_loses_a_tile") ? 1 : 0; }

}  // namespace cutract
