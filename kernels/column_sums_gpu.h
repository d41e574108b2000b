#pragma once

#include "host/core/exec.h"
#include "host/core/view.h"

namespace cutract {

// sums[c] += sum over rows of m[r, c], in double, in an order that the sizes alone decide: the same bits on every run.
// `m` has `ld` floats from row to row. `also` [cols], if not null, gets the same added. Takes the executor's workspace.
// Not an op: the ops' GPU files call it.
void add_column_sums(GpuExec&, const float* m, Index rows, Index cols, Index ld, float* sums, float* also = nullptr);

}  // namespace cutract
