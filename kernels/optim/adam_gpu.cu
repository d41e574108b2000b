#include "kernels/each_element.cuh"
#include "kernels/optim/adam.h"

namespace cutract {
namespace {

constexpr int kBlock = 256;

// One thread owns one parameter and its moments.
__global__ void __launch_bounds__(kBlock) adam_kernel(AdamArgs a) {
  const AdamStep s = a.scalars.data[0];
  if (s.skip) return;
  each_element(a.p.shape[0], [&](Index i) { adam_point(s, a.p.data[i], a.g.data[i], a.m.data[i], a.v.data[i]); });
}

}  // namespace

void adam(GpuExec& ex, const AdamArgs& a) {
  launch(ex, "adam", adam_kernel, grid_for(a.p.shape[0], kBlock), kBlock, a);
}

}  // namespace cutract
