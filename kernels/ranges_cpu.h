#pragma once

#include <algorithm>

#include "host/device/exec.h"

namespace cutract {

// Calls work(first, last) for ranges of `size` of n elements; the last may be shorter. The division does not depend on
// the number of threads. Not an op: the ops' CPU files call it.
template <class Work>
void in_ranges(const CpuExec& ex, Index n, Index size, Work&& work) {
  ex.parallel((n + size - 1) / size, [&](Index i) { work(i * size, std::min((i + 1) * size, n)); });
}

}  // namespace cutract
