#include <algorithm>

#include "kernels/activation.h"

namespace cutract {
namespace {

// Calls work(first, last) for ranges of elements of equal size.
template <class Work>
void in_ranges(const CpuExec& ex, Index elements, Work&& work) {
  constexpr Index kRange = 4096;
  ex.parallel((elements + kRange - 1) / kRange,
              [&](Index range) { work(range * kRange, std::min((range + 1) * kRange, elements)); });
}

}  // namespace

void activation(CpuExec& ex, const ActivationArgs& a) {
  in_ranges(ex, a.x.size(), [&](Index first, Index last) {
    for (Index i = first; i < last; ++i) a.y.data[i] = activation_value(a.f, a.x.data[i]);
  });
}

void activation_backward(CpuExec& ex, const ActivationBackwardArgs& a) {
  in_ranges(ex, a.x.size(), [&](Index first, Index last) {
    for (Index i = first; i < last; ++i) a.dx.data[i] = a.dy.data[i] * activation_slope(a.f, a.x.data[i]);
  });
}

}  // namespace cutract
