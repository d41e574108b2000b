#include <vector>

#include "kernels/group_norm.h"
#include "kernels/isa.h"
#include "kernels/ranges_cpu.h"

namespace cutract {
namespace {

constexpr Index kRows = 64;     // of a tile, which is a task and has a partial sum
constexpr Index kColumns = 64;  // of a task that adds the tiles
constexpr int kLanes = 16;      // partial sums of a tile, so that its loop vectorises in any instruction set

// The sums of n neighbouring values, in sixteen parts that are added in order.
template <Isa>
CUTRACT_INLINE void add_values_body(const float* x, Index n, float pivot, GroupNormSums& sums) {
  double drift[kLanes] = {}, square[kLanes] = {};
  const auto from = static_cast<double>(pivot);
  Index i = 0;
  for (; i + kLanes <= n; i += kLanes)
    for (int lane = 0; lane < kLanes; ++lane) {
      const double d = static_cast<double>(x[i + lane]) - from;
      drift[lane] += d;
      square[lane] += d * d;
    }
  for (int lane = 0; lane < kLanes; ++lane) {
    sums.drift += drift[lane];
    sums.square += square[lane];
  }
  for (; i < n; ++i) sums.add(static_cast<double>(x[i]) - from);
}
CUTRACT_PER_ISA(add_values, (const float* x, Index n, float pivot, GroupNormSums& sums), (x, n, pivot, sums))

// y may be x.
template <Isa>
CUTRACT_INLINE void norm_row_body(const float* x, GroupNormStats stats, const float* w, const float* b, Index C,
                                  float* y) {
#pragma GCC ivdep
  for (Index c = 0; c < C; ++c) y[c] = group_norm_normal(x[c], stats) * w[c] + b[c];
}
CUTRACT_PER_ISA(norm_row, (const float* x, GroupNormStats stats, const float* w, const float* b, Index C, float* y),
                (x, stats, w, b, C, y))

// Adds the products of one row to dw and db, each [C].
template <Isa>
CUTRACT_INLINE void add_products_body(const float* __restrict x, GroupNormStats stats, const float* __restrict dy,
                                      Index C, double* __restrict dw, double* __restrict db) {
  for (Index c = 0; c < C; ++c) {
    dw[c] += static_cast<double>(dy[c] * group_norm_normal(x[c], stats));
    db[c] += static_cast<double>(dy[c]);
  }
}
CUTRACT_PER_ISA(add_products, (const float* x, GroupNormStats stats, const float* dy, Index C, double* dw, double* db),
                (x, stats, dy, C, dw, db))

// dx may be dy.
template <Isa>
CUTRACT_INLINE void slope_row_body(const float* x, GroupNormStats stats, const float* w, const float* dy,
                                   GroupNormMeans means, Index C, float* dx) {
#pragma GCC ivdep
  for (Index c = 0; c < C; ++c)
    dx[c] = group_norm_slope(dy[c] * w[c], group_norm_normal(x[c], stats), means, stats.scale);
}
CUTRACT_PER_ISA(slope_row,
                (const float* x, GroupNormStats stats, const float* w, const float* dy, GroupNormMeans means, Index C,
                 float* dx),
                (x, stats, w, dy, means, C, dx))

// Calls work(tile, n) for each row n of the batch; a task is a tile.
template <class Work>
void each_row(const CpuExec& ex, const RaggedTiles& tiles, Work&& work) {
  ex.parallel(tiles.count(), [&](Index i) {
    const RaggedTiles::Tile tile = tiles.at(i);
    for (Index t = 0; t < tile.rows; ++t) work(i, tile.utterance, tile.start + tile.first + t);
  });
}

}  // namespace

void group_norm(CpuExec& ex, const GroupNormArgs& a) {
  const Index C = a.x.shape[1];
  const RaggedTiles tiles{a.ragged, kRows};
  std::vector<GroupNormSums> sums(static_cast<std::size_t>(tiles.count()));
  ex.parallel(tiles.count(), [&](Index i) {
    const RaggedTiles::Tile tile = tiles.at(i);
    if (tile.rows > 0)
      add_values(a.x.row(tile.start + tile.first), tile.rows * C, group_norm_pivot(a.x, tile.start),
                 sums[static_cast<std::size_t>(i)]);
  });
  for (Index u = 0; u < a.ragged.utterances; ++u) {
    const GroupNormSpan span = group_norm_span(tiles, u, C);
    GroupNormSums all;
    for (Index tile = span.first; tile < span.last; ++tile) {
      all.drift += sums[static_cast<std::size_t>(tile)].drift;
      all.square += sums[static_cast<std::size_t>(tile)].square;
    }
    set_group_norm_stats(all, span.values, group_norm_pivot(a.x, tiles.start(u)), a.eps, a.stats.row(u));
  }
  each_row(ex, tiles, [&](Index, Index utterance, Index n) {
    norm_row(a.x.row(n), group_norm_stats(a.stats, utterance), a.w.data, a.b.data, C, a.y.row(n));
  });
}

void group_norm_backward(CpuExec& ex, const GroupNormBackwardArgs& a) {
  const Index C = a.x.shape[1];
  const RaggedTiles tiles{a.ragged, kRows};
  std::vector<double> sums(static_cast<std::size_t>(tiles.count() * 2 * C));  // [tiles, 2, C] of dy n, and of dy
  each_row(ex, tiles, [&](Index tile, Index utterance, Index n) {
    double* own = sums.data() + tile * 2 * C;
    add_products(a.x.row(n), group_norm_stats(a.stats, utterance), a.dy.row(n), C, own, own + C);
  });
  std::vector<GroupNormMeans> means(static_cast<std::size_t>(a.ragged.utterances));
  ex.parallel(a.ragged.utterances, [&](Index u) {
    const GroupNormSpan span = group_norm_span(tiles, u, C);
    double g = 0, gn = 0;
    for (Index tile = span.first; tile < span.last; ++tile) {
      const double* own = sums.data() + tile * 2 * C;
      for (Index c = 0; c < C; ++c) {
        gn += own[c] * static_cast<double>(a.w.data[c]);
        g += own[C + c] * static_cast<double>(a.w.data[c]);
      }
    }
    means[static_cast<std::size_t>(u)] = group_norm_means(g, gn, span.values);
  });
  in_ranges(ex, 2 * C, kColumns, [&](Index first, Index last) {
    for (Index c = first; c < last; ++c) {
      double sum = 0;
      for (Index tile = 0; tile < tiles.count(); ++tile) sum += sums[static_cast<std::size_t>(tile * 2 * C + c)];
      (c < C ? a.dw.data[c] : a.db.data[c - C]) += static_cast<float>(sum);
    }
  });
  each_row(ex, tiles, [&](Index, Index u, Index n) {
    slope_row(a.x.row(n), group_norm_stats(a.stats, u), a.w.data, a.dy.row(n), means[static_cast<std::size_t>(u)], C,
              a.dx.row(n));
  });
}

}  // namespace cutract
