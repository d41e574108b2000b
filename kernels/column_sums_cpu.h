#pragma once

#include "host/core/exec.h"

namespace cutract {

// sums[c] += sum over rows of m[r, c], in double per column, rows in order. `m` has `ld` floats from row to row.
void add_column_sums(const CpuExec&, const float* m, Index rows, Index cols, Index ld, float* sums);

}  // namespace cutract
