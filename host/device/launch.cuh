#pragma once

#include <cuda_runtime.h>

#include "host/device/cuda_check.h"
#include "host/device/exec.h"
#include "host/device/geometry.h"
#include "host/device/gpu_faults.h"

namespace cutract {

// Whether launches synchronise. Read from the environment once, because launches are frequent.
inline bool launches_synchronise() {
  static const bool asked = sync_every_launch();
  return asked;
}

// The only place in the tree that launches a kernel. An empty problem launches nothing. A failed launch throws an error
// that names the op.
template <class... Params, class... Args>
void launch(GpuExec& ex, const char* op, void (*kernel)(Params...), const Geometry& g, Args... args) {
  if (g.grid.x == 0 || g.grid.y == 0 || g.grid.z == 0) return;
  const dim3 grid(g.grid.x, g.grid.y, g.grid.z), block(g.block.x, g.block.y, g.block.z);
  if (g.shared_bytes > 48 * 1024)  // more than that must be requested
    check(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(g.shared_bytes)),
          op);
  if (g.cluster == 1) {
    kernel<<<grid, block, g.shared_bytes, ex.stream()>>>(static_cast<Params>(args)...);
    check(cudaGetLastError(), op);
  } else {
    if (g.cluster > 8) check(cudaFuncSetAttribute(kernel, cudaFuncAttributeNonPortableClusterSizeAllowed, 1), op);
    cudaLaunchAttribute cluster{};
    cluster.id = cudaLaunchAttributeClusterDimension;
    cluster.val.clusterDim = {g.cluster, 1, 1};
    cudaLaunchConfig_t config{};
    config.gridDim = grid;
    config.blockDim = block;
    config.dynamicSmemBytes = g.shared_bytes;
    config.stream = ex.stream();
    config.attrs = &cluster;
    config.numAttrs = 1;
    check(cudaLaunchKernelEx(&config, kernel, static_cast<Params>(args)...), op);
  }
  if (launches_synchronise()) check(cudaStreamSynchronize(ex.stream()), op);
}

template <class... Params, class... Args>
void launch(GpuExec& ex, const char* op, void (*kernel)(Params...), unsigned grid, int block, Args... args) {
  launch(ex, op, kernel, Geometry{{grid}, {static_cast<unsigned>(block)}}, args...);
}

}  // namespace cutract
