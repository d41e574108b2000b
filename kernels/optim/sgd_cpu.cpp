#include "kernels/isa.h"
#include "kernels/optim/sgd.h"
#include "kernels/ranges_cpu.h"

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
  constexpr Index kRange = 16384;
  const SgdStep s = a.scalars.data[0];
  if (s.skip) return;
  in_ranges(ex, a.p.shape[0], kRange, [&](Index first, Index last) {
    sgd_range(s, a.p.data + first, a.g.data + first, a.m.data + first, last - first);
  });
}

}  // namespace cutract
