#pragma once

#include "kernels/frontend/mel.h"

namespace cutract {

// Sample i of a signal extended beyond its ends; i may be any integer.
CUTRACT_HD inline float sample_at(const Samples& x, Edge edge, Index i) {
  const Index S = x.size();
  if (i >= 0 && i < S) return x[i];
  if (edge == Edge::zero) return 0;
  if (edge == Edge::reflect && S == 1) return x[0];
  const Index period = edge == Edge::mirror ? 2 * S : 2 * (S - 1);
  const Index j = (i % period + period) % period;
  if (j < S) return x[j];
  return x[edge == Edge::mirror ? period - 1 - j : period - j];
}

}  // namespace cutract
