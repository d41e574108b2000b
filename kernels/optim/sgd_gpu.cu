#include "kernels/each_element.cuh"
#include "kernels/optim/sgd.h"

namespace cutract {
namespace {

constexpr int kBlock = 256;

// One thread owns one parameter and its momentum.
__global__ void __launch_bounds__(kBlock) sgd_kernel(SgdArgs a) {
  const SgdStep s = a.scalars.data[0];
  if (s.skip) return;
  each_element(a.p.shape[0], [&](Index i) { sgd_point(s, a.p.data[i], a.g.data[i], a.m.data[i]); });
}

}  // namespace

void sgd(GpuExec& ex, const SgdArgs& a) { launch(ex, "sgd", sgd_kernel, grid_for(a.p.shape[0], kBlock), kBlock, a); }

}  // namespace cutract
