#pragma once

#include "host/core/view.h"
#include "host/device/exec.h"

namespace cutract {

// sums[c] += sum over rows of m[r, c], in double. The order of addition depends on the sizes alone, so every run gives
// the same bits. `m` has a row stride of `ld` floats. `also` [cols], if not null, receives the same sums. Uses the
// executor's workspace. Not an op: the ops' GPU files call it.
void add_column_sums(GpuExec&, const float* m, Index rows, Index cols, Index ld, float* sums, float* also = nullptr);

}  // namespace cutract
