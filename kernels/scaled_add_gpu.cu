#include "kernels/each_element.cuh"
#include "kernels/scaled_add.h"

namespace cutract {
namespace {

constexpr int kBlock = 256;

__global__ void __launch_bounds__(kBlock) scaled_add_kernel(ScaledAddArgs a, Index n) {
  each_element(n, [&](Index i) { a.y.data[i] = (a.x.data ? a.x.data[i] : 0.0f) + a.scale * a.z.data[i]; });
}

}  // namespace

void scaled_add(GpuExec& ex, const ScaledAddArgs& a) {
  launch(ex, "scaled_add", scaled_add_kernel, grid_for(a.z.size(), kBlock), kBlock, a, a.z.size());
}

}  // namespace cutract
