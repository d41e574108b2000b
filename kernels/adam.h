#pragma once

#include <cmath>

#include "host/core/exec.h"
#include "host/core/philox.h"  // CUTRACT_HD
#include "host/core/view.h"

namespace cutract {

// One step of Adam (Kingma and Ba 2015) or, if `decoupled`, AdamW (Loshchilov and Hutter 2019), as torch.optim has
// them: Adam adds weight_decay * p to the gradient, AdamW shrinks p by lr * weight_decay first.
struct AdamArgs {
  View<float, 1> p;        // [n] parameters
  View<const float, 1> g;  // [n] gradient
  View<float, 1> m, v;     // [n] moments
  double grad_scale = 1;   // from clipping: multiplies g
  double lr = 1e-3, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0;
  bool decoupled = false;
  Index step = 1;  // counts from 1
};
void adam(Exec&, const AdamArgs&);
void adam(CpuExec&, const AdamArgs&);
void adam(GpuExec&, const AdamArgs&);

// The scalars of a step, computed once in double. rest1 and rest2 are 1 - beta: taken from the rounded beta2 = 0.999f,
// the second moment would be 1.3e-5 off.
struct AdamStep {
  float shrink, l2, grad_scale, beta1, rest1, beta2, rest2, inv_root_bias2, rate, eps;
};
AdamStep adam_step(const AdamArgs&);

CUTRACT_HD inline void adam_point(const AdamStep& s, float& p, float g, float& m, float& v) {
  g = g * s.grad_scale + s.l2 * p;
  m = s.beta1 * m + s.rest1 * g;
  v = s.beta2 * v + s.rest2 * g * g;
  p = s.shrink * p - s.rate * m / (std::sqrt(v) * s.inv_root_bias2 + s.eps);
}

}  // namespace cutract
