#pragma once

#include <array>

#include "host/core/choices.h"
#include "host/core/philox.h"  // CUTRACT_HD
#include "host/core/plant.h"
#include "host/core/view.h"
#include "host/device/exec.h"
#include "kernels/math.h"

namespace cutract {

// Defined as in torch.nn: ReLU (gradient 0 at 0), Tanh, SiLU, and GELU in its exact form x/2 (1 + erf(x / sqrt 2)).
enum class Activation { none, relu, tanh, silu, gelu };
template <>
inline constexpr auto kNames<Activation> = std::to_array<Named<Activation>>({{Activation::none, "none"},
                                                                             {Activation::relu, "relu"},
                                                                             {Activation::tanh, "tanh"},
                                                                             {Activation::silu, "silu"},
                                                                             {Activation::gelu, "gelu"}});

// y = f(x), element by element.
struct ActivationArgs {
  Activation f = Activation::relu;
  View<const float, 2> x;  // [N, C]
  View<float, 2> y;        // [N, C] may alias x
};
void activation(Exec&, const ActivationArgs&);
void activation(CpuExec&, const ActivationArgs&);
void activation(GpuExec&, const ActivationArgs&);

// dx = dy f'(x).
struct ActivationBackwardArgs {
  Activation f = Activation::relu;
  View<const float, 2> x;   // [N, C] as in forward
  View<const float, 2> dy;  // [N, C]
  View<float, 2> dx;        // [N, C] may alias dy
};
void activation_backward(Exec&, const ActivationBackwardArgs&);
void activation_backward(CpuExec&, const ActivationBackwardArgs&);
void activation_backward(GpuExec&, const ActivationBackwardArgs&);

CUTRACT_HD inline float activation_value(Activation f, float x) {
  switch (f) {
    case Activation::none:
      return x;
    case Activation::relu:
      return x < 0 ? 0.0f : x;  // in this form NaN stays NaN
    case Activation::tanh:
      return tanh_fast(x);
    case Activation::silu:
      return x * sigmoid(x);
    case Activation::gelu:
      return x * Normal(x).below;
  }
  return x;
}

CUTRACT_HD inline float activation_slope(Activation f, float x) {
  switch (f) {
    case Activation::none:
      return 1;
    case Activation::relu:
      return x <= 0 ? 0.0f : 1.0f;
    case Activation::tanh: {
      const float t = tanh_fast(x);
      return 1 - t * t;
    }
    case Activation::silu: {
      const float s = sigmoid(x);
      return s * (1 + (CUTRACT_PLANTED("silu_slope_of_sigmoid") ? 0 : x * (1 - s)));
    }
    case Activation::gelu: {
      const Normal n(x);
      return n.below + x * n.density;
    }
  }
  return 1;
}

}  // namespace cutract
