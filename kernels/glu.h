#pragma once

#include "host/core/philox.h"  // CUTRACT_HD
#include "host/core/plant.h"
#include "host/core/view.h"
#include "host/device/exec.h"
#include "kernels/math.h"

namespace cutract {

// Gated linear unit: y[n, c] = x[n, c] sigmoid(x[n, C + c]), as torch.nn.functional.glu over the last dimension.
struct GluArgs {
  View<const float, 2> x;  // [N, 2C] values, then gates
  View<float, 2> y;        // [N, C]
};
void glu(Exec&, const GluArgs&);
void glu(CpuExec&, const GluArgs&);
void glu(GpuExec&, const GluArgs&);

// With s = sigmoid(gate): dx[n, c] = dy s, and dx[n, C + c] = dy value s (1 - s).
struct GluBackwardArgs {
  View<const float, 2> x;   // [N, 2C] as in forward
  View<const float, 2> dy;  // [N, C]
  View<float, 2> dx;        // [N, 2C] may alias x
};
void glu_backward(Exec&, const GluBackwardArgs&);
void glu_backward(CpuExec&, const GluBackwardArgs&);
void glu_backward(GpuExec&, const GluBackwardArgs&);

CUTRACT_HD inline float glu_value(float value, float gate) {
  return CUTRACT_PLANTED("glu_halves_swapped") ? gate * sigmoid(value) : value * sigmoid(gate);
}

struct GluSlopes {
  float value, gate;
};
CUTRACT_HD inline GluSlopes glu_slopes(float value, float gate) {
  const float s = sigmoid(gate);
  return {s, value * s * (CUTRACT_PLANTED("glu_slope_of_the_value") ? 1 : 1 - s)};
}

}  // namespace cutract
