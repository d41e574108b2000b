#include <algorithm>
#include <cstring>
#include <vector>

#include "kernels/depthwise_conv.h"
#include "kernels/isa.h"

namespace cutract {
namespace {

// A task has a tile of frames of one utterance and up to 64 channels, whose rows it copies to a window that has zeros
// outside the utterance and is small enough for the L1 cache.
constexpr Index kFrames = 64, kChannels = 64;
constexpr Index kGroup = 8;                   // frames, or taps, whose sums are in registers together
constexpr Index kGradientRows = 8 * kFrames;  // rows of a partial sum of dw and db
constexpr Index kWindowRows = kFrames + kMostConvTaps + 1;
static_assert(kFrames % kGroup == 0 && (kMostConvTaps + 1) % kGroup == 0);

struct Window {
  alignas(64) float rows[kWindowRows * kChannels];
};
struct FrameBlock {
  alignas(64) float rows[kFrames * kChannels];
};

template <Isa I>
struct Vector {
  static constexpr Index kWidth = lanes_of(I);
  typedef float Lanes __attribute__((vector_size(kWidth * sizeof(float))));
};

// out[t, c] = bias[c] + sum over k of taps[k, c] window[t + k, c]; all rows are kChannels apart.
template <Isa I>
CUTRACT_INLINE void convolve_body(const float* window, const float* taps, const float* bias, Index K, Index frames,
                                  Index channels, float* out) {
  using Lanes = typename Vector<I>::Lanes;
  for (Index c = 0; c < channels; c += Vector<I>::kWidth)
    for (Index t = 0; t < frames; t += kGroup) {
      Lanes sum[kGroup], tap, x;
      std::memcpy(&x, bias + c, sizeof x);
      for (Lanes& s : sum) s = x;
      for (Index k = 0; k < K; ++k) {
        const float* from = window + (t + k) * kChannels + c;
        std::memcpy(&tap, taps + k * kChannels + c, sizeof tap);
#pragma GCC unroll 8
        for (Index r = 0; r < kGroup; ++r) {
          std::memcpy(&x, from + r * kChannels, sizeof x);
          sum[r] += tap * x;
        }
      }
#pragma GCC unroll 8
      for (Index r = 0; r < kGroup; ++r) std::memcpy(out + (t + r) * kChannels + c, &sum[r], sizeof x);
    }
}
CUTRACT_PER_ISA(convolve,
                (const float* window, const float* taps, const float* bias, Index K, Index frames, Index channels,
                 float* out),
                (window, taps, bias, K, frames, channels, out))

// Adds sums over `frames` rows: of dy[t, c] window[t + k, c] to sums[k, c], and of dy[t, c] to sums[K, c].
template <Isa I>
CUTRACT_INLINE void add_gradients_body(const float* window, const float* dy, Index K, Index frames, Index channels,
                                       double* sums) {
  using Lanes = typename Vector<I>::Lanes;
  constexpr Index kWidth = Vector<I>::kWidth;
  const auto add = [](const Lanes& sum, double* to) {
    float each[kWidth];
    std::memcpy(each, &sum, sizeof each);
    for (Index i = 0; i < kWidth; ++i) to[i] += static_cast<double>(each[i]);
  };
  for (Index c = 0; c < channels; c += kWidth) {
    Lanes d, x, bias = {};
    for (Index t = 0; t < frames; ++t) {
      std::memcpy(&d, dy + t * kChannels + c, sizeof d);
      bias += d;
    }
    add(bias, sums + K * kChannels + c);
    for (Index k = 0; k < K; k += kGroup) {
      Lanes sum[kGroup] = {};
      for (Index t = 0; t < frames; ++t) {
        const float* from = window + (t + k) * kChannels + c;
        std::memcpy(&d, dy + t * kChannels + c, sizeof d);
#pragma GCC unroll 8
        for (Index j = 0; j < kGroup; ++j) {
          std::memcpy(&x, from + j * kChannels, sizeof x);
          sum[j] += d * x;
        }
      }
      for (Index j = 0; j < kGroup && k + j < K; ++j) add(sum[j], sums + (k + j) * kChannels + c);
    }
  }
}
CUTRACT_PER_ISA(add_gradients,
                (const float* window, const float* dy, Index K, Index frames, Index channels, double* sums),
                (window, dy, K, frames, channels, sums))

// 64 channels; the last ones may be fewer, and the others are computed as zeros.
struct Channels {
  Index first, count;
};
Index channel_blocks(Index C) { return (C + kChannels - 1) / kChannels; }
Channels channels_of(Index block, Index C) { return {block * kChannels, std::min(kChannels, C - block * kChannels)}; }

void copy_row(const float* from, Index n, float* to) { std::fill(std::copy_n(from, n, to), to + kChannels, 0.0f); }

// The rows that `frames` frames from `first` of the tile's utterance meet, rounded up to whole groups.
void fill_window(View<const float, 2> x, const RaggedTiles::Tile& tile, Index first, Index frames, Index K, Channels c,
                 Window& window) {
  const auto whole = [](Index n) { return (n + kGroup - 1) / kGroup * kGroup; };
  for (Index i = 0; i < whole(frames) + whole(K); ++i) {
    const Index t = first + i - conv_reach(K);
    const bool there = conv_has_frame(tile, t, x.shape[0]);
    copy_row(there ? x.row(tile.start + t) + c.first : nullptr, there ? c.count : 0, window.rows + i * kChannels);
  }
}

// The taps of w [C, K] as [blocks, K, 64], in reverse order if `reversed`.
std::vector<float> taps_of(View<const float, 2> w, bool reversed) {
  const Index C = w.shape[0], K = w.shape[1], blocks = channel_blocks(C);
  std::vector<float> taps(static_cast<std::size_t>(blocks * K * kChannels));
  for (Index c = 0; c < C; ++c)
    for (Index k = 0; k < K; ++k) {
      const Index row = c / kChannels * K + (reversed ? K - 1 - k : k);
      taps[static_cast<std::size_t>(row * kChannels + c % kChannels)] = w.row(c)[k];
    }
  return taps;
}

// y = x convolved with w, plus b unless it is null.
void convolve_all(const CpuExec& ex, View<const float, 2> x, const Ragged& ragged, View<const float, 2> w,
                  const float* b, bool reversed, View<float, 2> y) {
  const Index C = x.shape[1], K = w.shape[1], blocks = channel_blocks(C);
  const RaggedTiles tiles{ragged, kFrames};
  const std::vector<float> taps = taps_of(w, reversed);
  ex.parallel(tiles.count() * blocks, [&](Index task) {
    const RaggedTiles::Tile tile = tiles.at(task / blocks);
    if (tile.rows <= 0) return;
    const Channels c = channels_of(task % blocks, C);
    Window window;
    FrameBlock out;
    float bias[kChannels];
    copy_row(b ? b + c.first : nullptr, b ? c.count : 0, bias);
    fill_window(x, tile, tile.first, tile.rows, K, c, window);
    convolve(window.rows, taps.data() + task % blocks * K * kChannels, bias, K, tile.rows, c.count, out.rows);
    for (Index t = 0; t < tile.rows; ++t)
      std::copy_n(out.rows + t * kChannels, c.count, y.row(tile.start + tile.first + t) + c.first);
  });
}

// The sums of one tile, [K + 1, 64] as in add_gradients.
void tile_gradients(const DepthwiseConvBackwardArgs& a, const RaggedTiles::Tile& tile, Channels c, double* sums) {
  const Index K = a.w.shape[1];
  Window window;
  FrameBlock dy;
  for (Index first = tile.first; first < tile.first + tile.rows; first += kFrames) {
    const Index frames = std::min(kFrames, tile.first + tile.rows - first);
    fill_window(a.x, tile, first, frames, K, c, window);
    for (Index t = 0; t < frames; ++t)
      copy_row(a.dy.row(tile.start + first + t) + c.first, c.count, dy.rows + t * kChannels);
    add_gradients(window.rows, dy.rows, K, frames, c.count, sums);
  }
}

}  // namespace

void depthwise_conv(CpuExec& ex, const DepthwiseConvArgs& a) {
  convolve_all(ex, a.x, a.ragged, a.w, a.b.data, false, a.y);
}

void depthwise_conv_backward(CpuExec& ex, const DepthwiseConvBackwardArgs& a) {
  if (a.dx.data) convolve_all(ex, a.dy, a.ragged, a.w, nullptr, true, a.dx);
  const Index C = a.x.shape[1], K = a.w.shape[1], blocks = channel_blocks(C), size = (K + 1) * kChannels;
  const RaggedTiles tiles{a.ragged, kGradientRows};
  std::vector<double> partial(static_cast<std::size_t>(tiles.count() * blocks * size));
  ex.parallel(tiles.count() * blocks, [&](Index task) {
    tile_gradients(a, tiles.at(task / blocks), channels_of(task % blocks, C), partial.data() + task * size);
  });
  ex.parallel(blocks, [&](Index block) {
    const Channels c = channels_of(block, C);
    for (Index k = 0; k <= K; ++k)
      for (Index i = 0; i < c.count; ++i) {
        double sum = 0;
        for (Index tile = conv_first_tile(); tile < tiles.count(); ++tile)
          sum += partial[static_cast<std::size_t>((tile * blocks + block) * size + k * kChannels + i)];
        (k < K ? a.dw.row(c.first + i)[k] : a.db.data[c.first + i]) += static_cast<float>(sum);
      }
  });
}

}  // namespace cutract
