#pragma once

#include "host/core/philox.h"  // CUTRACT_HD
#include "host/core/plant.h"
#include "host/core/view.h"
#include "host/device/exec.h"

namespace cutract {

// The scalars of one step.
struct SgdStep {
  float rate, momentum, l2, grad_scale;
  bool nesterov;
  bool skip;  // leave the parameters and the momentum buffer unchanged
};
struct SgdSettings {
  double momentum = 0, weight_decay = 0;
  bool nesterov = false;
};
// grad_scale comes from clipping and multiplies the gradient.
CUTRACT_HD inline SgdStep sgd_step(const SgdSettings& s, double lr, double grad_scale) {
  const auto f = [](double v) { return static_cast<float>(v); };
  return {f(lr), f(s.momentum), f(s.weight_decay), f(grad_scale), s.nesterov, false};
}

// One step of stochastic gradient descent with momentum, as torch.optim.SGD without dampening: weight_decay * p is
// added to the gradient g, m becomes momentum * m + g, and p moves by -lr * m, or by -lr * (g + momentum * m) with
// Nesterov's momentum (Sutskever et al. 2013).
struct SgdArgs {
  View<float, 1> p;                // [n] parameters
  View<const float, 1> g;          // [n] gradient
  View<float, 1> m;                // [n] momentum buffer, 0 before the first step
  View<const SgdStep, 1> scalars;  // [1] in the executor's memory
};
void sgd(Exec&, const SgdArgs&);
void sgd(CpuExec&, const SgdArgs&);
void sgd(GpuExec&, const SgdArgs&);

CUTRACT_HD inline void sgd_point(const SgdStep& s, float& p, float g, float& m) {
  g = g * s.grad_scale + s.l2 * p;
  m = s.momentum * m + g;
  p -= s.rate * (s.nesterov && !CUTRACT_PLANTED("nesterov_ignored") ? g + s.momentum * m : m);
}

}  // namespace cutract
