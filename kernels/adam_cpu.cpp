#include <algorithm>

#include "kernels/adam.h"
#include "kernels/clones.h"

namespace cutract {
namespace {

CUTRACT_CLONES void adam_range(AdamStep s, float* __restrict p, const float* __restrict g, float* __restrict m,
                               float* __restrict v, Index n) {
  for (Index i = 0; i < n; ++i) adam_point(s, p[i], g[i], m[i], v[i]);
}

}  // namespace

void adam(CpuExec& ex, const AdamArgs& a) {
  constexpr Index kChunk = 16384;
  const AdamStep s = adam_step(a);
  const Index n = a.p.shape[0];
  ex.parallel((n + kChunk - 1) / kChunk, [&](Index chunk) {
    const Index first = chunk * kChunk;
    adam_range(s, a.p.data + first, a.g.data + first, a.m.data + first, a.v.data + first, std::min(kChunk, n - first));
  });
}

}  // namespace cutract
