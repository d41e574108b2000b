#pragma once

#include "host/device/emulated_gpu.h"
#include "host/device/exec.h"
#include "host/device/geometry.h"
#include "kernels/simt/grid.h"

namespace cutract {

// The same function as in host/device/launch.cuh, running on fibers.
template <class... Params, class... Args>
void launch(GpuExec& ex, const char* op, void (*kernel)(Params...), const Geometry& g, Args... args) {
  if (g.grid.x == 0 || g.grid.y == 0 || g.grid.z == 0) return;
  submit(ex, [=] { simt::run_grid(op, g, [&] { kernel(static_cast<Params>(args)...); }); });
}

template <class... Params, class... Args>
void launch(GpuExec& ex, const char* op, void (*kernel)(Params...), unsigned grid, int block, Args... args) {
  launch(ex, op, kernel, Geometry{{grid}, {static_cast<unsigned>(block)}}, args...);
}

}  // namespace cutract
