#pragma once

#include <cuda_runtime.h>

#include "host/core/cuda_check.h"
#include "host/core/exec.h"
#include "host/core/view.h"

namespace cutract {

inline unsigned grid_for(Index n, int block) {
  constexpr Index kMaxGrid = 1 << 20;  // kernels stride over the rest
  const Index want = (n + block - 1) / block;
  return static_cast<unsigned>(want < kMaxGrid ? want : kMaxGrid);
}

// The only place in the tree that launches a kernel. An empty problem launches nothing; a bad launch throws, naming
// the op.
template <class... Params, class... Args>
void launch(GpuExec& ex, const char* op, void (*kernel)(Params...), unsigned grid, int block, Args... args) {
  if (grid == 0) return;
  kernel<<<grid, block, 0, ex.stream()>>>(static_cast<Params>(args)...);
  check(cudaGetLastError(), op);
  if (sync_every_launch()) check(cudaStreamSynchronize(ex.stream()), op);
}

}  // namespace cutract
