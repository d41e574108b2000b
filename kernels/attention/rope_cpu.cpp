#include <utility>
#include <vector>

#include "host/core/plant.h"
#include "kernels/attention/rope.h"

namespace cutract {
namespace {

// Rotates the A heads of one row.
void rotate(float* heads, Index A, Index K, const RopeTurn* turns) {
  for (Index head = 0; head < A; ++head) {
    float *low = heads + head * K, *high = low + K / 2;
    for (Index i = 0; i < K / 2; ++i) {
      const float x = low[i], y = high[i];
      low[i] = x * turns[i].cos - y * turns[i].sin;
      high[i] = y * turns[i].cos + x * turns[i].sin;
    }
  }
}

}  // namespace

void rope(CpuExec& ex, const RopeArgs& a) {
  const auto [N, three, A, K] = a.qkv.shape;
  const Index half = K / 2, row = 3 * A * K;
  std::vector<std::vector<RopeTurn>> turns(static_cast<std::size_t>(a.ragged.longest));
  ex.parallel(a.ragged.longest, [&, K = K](Index t) {
    auto& of = turns[static_cast<std::size_t>(t)];
    of.reserve(static_cast<std::size_t>(half));
    for (Index i = 0; i < half; ++i) of.emplace_back(t, i, K, a.inverse);
  });
  ex.parallel(a.ragged.utterances, [&, A = A, K = K](Index b) {
    for (Index t = 0; t < a.ragged.length.data[b]; ++t) {
      float* q = a.qkv.data + (a.ragged.offset.data[b] + t) * row;
      const RopeTurn* by = turns[static_cast<std::size_t>(t)].data();
      rotate(q, A, K, by);
      if (!CUTRACT_PLANTED("rope_leaves_the_keys")) rotate(q + A * K, A, K, by);
    }
  });
}

}  // namespace cutract
