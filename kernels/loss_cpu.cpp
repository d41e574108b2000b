#include "kernels/loss.h"

namespace cutract {

void loss(CpuExec&, const LossArgs& a) {
  const Index n = a.y.size();
  const double scale = n > 0 ? 1.0 / static_cast<double>(n) : 0.0;
  double sum = 0;
  for (Index i = 0; i < n; ++i) {
    const LossPoint p = loss_point(a.kind, a.y.data[i], a.target.data[i], scale);
    sum += p.value;
    if (a.dy.data) a.dy.data[i] = p.gradient;
  }
  a.value.data[0] = sum * scale;
}

}  // namespace cutract
