#include "kernels/isa.h"
#include "kernels/optim/adam.h"
#include "kernels/ranges_cpu.h"

namespace cutract {
namespace {

template <Isa>
CUTRACT_INLINE void adam_range_body(AdamStep s, float* p, const float* g, float* m, float* v, Index n) {
#pragma GCC ivdep
  for (Index i = 0; i < n; ++i) adam_point(s, p[i], g[i], m[i], v[i]);
}
CUTRACT_PER_ISA(adam_range, (AdamStep s, float* p, const float* g, float* m, float* v, Index n), (s, p, g, m, v, n))

}  // namespace

void adam(CpuExec& ex, const AdamArgs& a) {
  constexpr Index kRange = 16384;
  const AdamStep s = a.scalars.data[0];
  if (s.skip) return;
  in_ranges(ex, a.p.shape[0], kRange, [&](Index first, Index last) {
    adam_range(s, a.p.data + first, a.g.data + first, a.m.data + first, a.v.data + first, last - first);
  });
}

}  // namespace cutract
