#pragma once

#include "host/core/view.h"
#include "host/device/exec.h"

namespace cutract {

// Cepstra of log-mel rows: y = x basis^T. The basis holds the DCT, its normalisation and the lifter.
struct DctArgs {
  View<const float, 2> x;       // [T, M]
  View<const double, 2> basis;  // [C, M]
  View<float, 2> y;             // [T, C]; may not alias x
};
void dct(Exec&, const DctArgs&);
void dct(CpuExec&, const DctArgs&);
void dct(GpuExec&, const DctArgs&);

}  // namespace cutract
