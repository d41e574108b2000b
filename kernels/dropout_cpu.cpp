#include <algorithm>

#include "kernels/dropout.h"
#include "kernels/isa.h"

namespace cutract {
namespace {

template <Isa>
CUTRACT_INLINE void drop_row_body(const float* x, float* y, Index C, std::uint64_t key, std::uint32_t uid,
                                  std::uint32_t frame, float p) {
  constexpr Index kChunk = 64;  // columns whose masks are computed together, so that the Philox rounds vectorise
  const float scale = 1.0f / (1.0f - p);
  for (Index first = 0; first < C; first += kChunk) {
    float keep[4][kChunk / 4];
    for (Index q = 0; q < kChunk / 4; ++q) {
      const Philox4 r = dropout_bits(key, uid, frame, static_cast<std::uint32_t>(first + 4 * q));
      for (int lane = 0; lane < 4; ++lane) keep[lane][q] = uniform(r.v[lane]) < p ? 0.0f : scale;
    }
    if (first + kChunk <= C) {  // four lanes at a time, so that this loop vectorises too
#pragma GCC ivdep
      for (Index q = 0; q < kChunk / 4; ++q)
        for (int lane = 0; lane < 4; ++lane) y[first + 4 * q + lane] = x[first + 4 * q + lane] * keep[lane][q];
    } else {
      for (Index j = first; j < C; ++j) y[j] = x[j] * keep[j % 4][(j - first) / 4];
    }
  }
}
CUTRACT_PER_ISA(drop_row,
                (const float* x, float* y, Index C, std::uint64_t key, std::uint32_t uid, std::uint32_t frame, float p),
                (x, y, C, key, uid, frame, p))

}  // namespace

void dropout(CpuExec& ex, const DropoutArgs& a) {
  const Index C = a.x.shape[1];
  const std::uint64_t key = dropout_key(a);
  ex.parallel(a.ragged.utterances, [&](Index b) {
    for (Index t = 0; t < a.ragged.length.data[b]; ++t) {
      const Index n = a.ragged.offset.data[b] + t;
      drop_row(a.x.row(n), a.y.row(n), C, key, a.uid.data[b], static_cast<std::uint32_t>(t), a.p);
    }
  });
}

}  // namespace cutract
