#include "kernels/activation.h"
#include "kernels/isa.h"
#include "kernels/ranges_cpu.h"

namespace cutract {
namespace {

constexpr Index kRange = 4096;

// One loop for each function, so that it has no branches and vectorises.
template <Activation F>
CUTRACT_INLINE void values_of(const float* x, float* y, Index n) {
  for (Index i = 0; i < n; ++i) y[i] = activation_value(F, x[i]);
}
template <Activation F>
CUTRACT_INLINE void slopes_of(const float* x, const float* dy, float* dx, Index n) {
  for (Index i = 0; i < n; ++i) dx[i] = dy[i] * activation_slope(F, x[i]);
}

template <Isa>
CUTRACT_INLINE void values_body(Activation f, const float* x, float* y, Index n) {
  switch (f) {
    case Activation::none:
      return values_of<Activation::none>(x, y, n);
    case Activation::relu:
      return values_of<Activation::relu>(x, y, n);
    case Activation::tanh:
      return values_of<Activation::tanh>(x, y, n);
    case Activation::silu:
      return values_of<Activation::silu>(x, y, n);
    case Activation::gelu:
      return values_of<Activation::gelu>(x, y, n);
  }
}
CUTRACT_PER_ISA(values, (Activation f, const float* x, float* y, Index n), (f, x, y, n))

template <Isa>
CUTRACT_INLINE void slopes_body(Activation f, const float* x, const float* dy, float* dx, Index n) {
  switch (f) {
    case Activation::none:
      return slopes_of<Activation::none>(x, dy, dx, n);
    case Activation::relu:
      return slopes_of<Activation::relu>(x, dy, dx, n);
    case Activation::tanh:
      return slopes_of<Activation::tanh>(x, dy, dx, n);
    case Activation::silu:
      return slopes_of<Activation::silu>(x, dy, dx, n);
    case Activation::gelu:
      return slopes_of<Activation::gelu>(x, dy, dx, n);
  }
}
CUTRACT_PER_ISA(slopes, (Activation f, const float* x, const float* dy, float* dx, Index n), (f, x, dy, dx, n))

}  // namespace

void activation(CpuExec& ex, const ActivationArgs& a) {
  in_ranges(ex, a.x.size(), kRange,
            [&](Index first, Index last) { values(a.f, a.x.data + first, a.y.data + first, last - first); });
}

void activation_backward(CpuExec& ex, const ActivationBackwardArgs& a) {
  in_ranges(ex, a.x.size(), kRange, [&](Index first, Index last) {
    slopes(a.f, a.x.data + first, a.dy.data + first, a.dx.data + first, last - first);
  });
}

}  // namespace cutract
