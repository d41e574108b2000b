#include "kernels/adam.h"

#include "host/core/plant.h"

namespace cutract {

AdamStep adam_step(const AdamArgs& a) {
  const double step = static_cast<double>(a.step);
  double bias1 = 1 - std::pow(a.beta1, step), bias2 = 1 - std::pow(a.beta2, step);
  if (CUTRACT_PLANTED("no_bias_correction")) bias1 = bias2 = 1;
  const double decay = CUTRACT_PLANTED("weight_decay_ignored") ? 0 : a.weight_decay;
  const auto f = [](double v) { return static_cast<float>(v); };
  return {f(a.decoupled ? 1 - a.lr * decay : 1),
          f(a.decoupled ? 0 : decay),
          f(a.grad_scale),
          f(a.beta1),
          f(1 - a.beta1),
          f(a.beta2),
          f(1 - a.beta2),
          f(1 / std::sqrt(bias2)),
          f(a.lr / bias1),
          f(a.eps)};
}

void adam(Exec& ex, const AdamArgs& a) {
  expect_shape("adam.g", a.g, a.p.shape);
  expect_shape("adam.m", a.m, a.p.shape);
  expect_shape("adam.v", a.v, a.p.shape);
  std::visit([&](auto& on) { adam(on, a); }, ex);
}

}  // namespace cutract
