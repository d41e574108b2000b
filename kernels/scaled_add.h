#pragma once

#include "host/core/view.h"
#include "host/device/exec.h"

namespace cutract {

// y = x + scale * z, for residual connections.
struct ScaledAddArgs {
  View<const float, 2> x;  // [N, C], or null for y = scale * z
  View<const float, 2> z;  // [N, C]
  float scale = 1;
  View<float, 2> y;  // [N, C] may alias x or z
};
void scaled_add(Exec&, const ScaledAddArgs&);
void scaled_add(CpuExec&, const ScaledAddArgs&);
void scaled_add(GpuExec&, const ScaledAddArgs&);

}  // namespace cutract
