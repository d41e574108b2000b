#include <algorithm>

#include "kernels/isa.h"
#include "kernels/optim/sgd.h"

namespace cutract {
namespace {

template <Isa>
CUTRACT_INLINE void sgd_range_body(SgdStep s, float* p, const float* g, float* m, Index n) {
#pragma GCC ivdep
  for (Index i = 0; i < n; ++i) sgd_point(s, p[i], g[i], m[i]);
}
CUTRACT_PER_ISA(sgd_range, (SgdStep s, float* p, const float* g, float* m, Index n), (s, p, g, m, n))

}  // namespace

void sgd(CpuExec& ex, const SgdArgs& a) {
  constexpr Index kChunk = 16384;
  const SgdStep s = a.scalars.data[0];
  if (s.skip) return;
  const Index n = a.p.shape[0];
  ex.parallel((n + kChunk - 1) / kChunk, [&](Index chunk) {
    const Index first = chunk * kChunk;
    sgd_range(s, a.p.data + first, a.g.data + first, a.m.data + first, std::min(kChunk, n - first));
  });
}

}  // namespace cutract
