#pragma once

#include <cmath>

#include "host/core/philox.h"  // CUTRACT_HD
#include "host/core/plant.h"
#include "host/core/view.h"
#include "host/device/exec.h"

namespace cutract {

// The scalars of one step, computed once in double. rest1 and rest2 are 1 - beta in double: computed from the rounded
// beta2 = 0.999f, the second moment would be off by 1.3e-5.
struct AdamStep {
  float shrink, l2, grad_scale, beta1, rest1, beta2, rest2, inv_root_bias2, rate, eps;
  bool skip;  // leave the parameters and moments unchanged
};
struct AdamSettings {
  double beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0;
  bool decoupled = false;
};
// `step` counts from 1. grad_scale comes from clipping and multiplies the gradient.
CUTRACT_HD inline AdamStep adam_step(const AdamSettings& a, double lr, double grad_scale, Index step) {
  double bias1 = 1 - std::pow(a.beta1, static_cast<double>(step)),
         bias2 = 1 - std::pow(a.beta2, static_cast<double>(step));
  if (CUTRACT_PLANTED("no_bias_correction")) bias1 = bias2 = 1;
  const double decay = CUTRACT_PLANTED("weight_decay_ignored") ? 0 : a.weight_decay;
  const auto f = [](double v) { return static_cast<float>(v); };
  return {f(a.decoupled ? 1 - lr * decay : 1),
          f(a.decoupled ? 0 : decay),
          f(grad_scale),
          f(a.beta1),
          f(1 - a.beta1),
          f(a.beta2),
          f(1 - a.beta2),
          f(1 / std::sqrt(bias2)),
          f(lr / bias1),
          f(a.eps),
          false};
}

// One step of Adam (Kingma and Ba 2015) or, if `decoupled`, of AdamW (Loshchilov and Hutter 2019), defined as in
// torch.optim: Adam adds weight_decay * p to the gradient; AdamW first shrinks p by lr * weight_decay.
struct AdamArgs {
  View<float, 1> p;                 // [n] parameters
  View<const float, 1> g;           // [n] gradient
  View<float, 1> m, v;              // [n] moments
  View<const AdamStep, 1> scalars;  // [1] in the executor's memory
};
void adam(Exec&, const AdamArgs&);
void adam(CpuExec&, const AdamArgs&);
void adam(GpuExec&, const AdamArgs&);

CUTRACT_HD inline void adam_point(const AdamStep& s, float& p, float g, float& m, float& v) {
  g = g * s.grad_scale + s.l2 * p;
  m = s.beta1 * m + s.rest1 * g;
  v = s.beta2 * v + s.rest2 * g * g;
  p = s.shrink * p - s.rate * m / (std::sqrt(v) * s.inv_root_bias2 + s.eps);
}

}  // namespace cutract
