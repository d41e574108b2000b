#include "host/core/plant.h"
#include "kernels/ranges_cpu.h"
#include "kernels/scaled_add.h"

namespace cutract {
namespace {

constexpr Index kRange = 16384;

}  // namespace

void scaled_add(CpuExec& ex, const ScaledAddArgs& a) {
  const float scale = CUTRACT_PLANTED("scaled_add_without_scale") ? 1 : a.scale;
  in_ranges(ex, a.z.size(), kRange, [&](Index first, Index last) {
    const float *x = a.x.data, *z = a.z.data;
    float* y = a.y.data;
    if (x)
      for (Index i = first; i < last; ++i) y[i] = x[i] + scale * z[i];
    else
      for (Index i = first; i < last; ++i) y[i] = scale * z[i];
  });
}

}  // namespace cutract
