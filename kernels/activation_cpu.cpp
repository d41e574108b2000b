#include "kernels/activation.h"
#include "kernels/ranges_cpu.h"

namespace cutract {
namespace {

constexpr Index kRange = 4096;

}  // namespace

void activation(CpuExec& ex, const ActivationArgs& a) {
  in_ranges(ex, a.x.size(), kRange, [&](Index first, Index last) {
    for (Index i = first; i < last; ++i) a.y.data[i] = activation_value(a.f, a.x.data[i]);
  });
}

void activation_backward(CpuExec& ex, const ActivationBackwardArgs& a) {
  in_ranges(ex, a.x.size(), kRange, [&](Index first, Index last) {
    for (Index i = first; i < last; ++i) a.dx.data[i] = a.dy.data[i] * activation_slope(a.f, a.x.data[i]);
  });
}

}  // namespace cutract
