#include "kernels/activation.h"
#include "kernels/each_element.cuh"

namespace cutract {
namespace {

constexpr int kBlock = 256;

__global__ void __launch_bounds__(kBlock) activation_kernel(ActivationArgs a, Index n) {
  each_element(n, [&](Index i) { a.y.data[i] = activation_value(a.f, a.x.data[i]); });
}

__global__ void __launch_bounds__(kBlock) activation_backward_kernel(ActivationBackwardArgs a, Index n) {
  each_element(n, [&](Index i) { a.dx.data[i] = a.dy.data[i] * activation_slope(a.f, a.x.data[i]); });
}

}  // namespace

void activation(GpuExec& ex, const ActivationArgs& a) {
  launch(ex, "activation", activation_kernel, grid_for(a.x.size(), kBlock), kBlock, a, a.x.size());
}

void activation_backward(GpuExec& ex, const ActivationBackwardArgs& a) {
  launch(ex, "activation_backward", activation_backward_kernel, grid_for(a.x.size(), kBlock), kBlock, a, a.x.size());
}

}  // namespace cutract
