#pragma once

#include <cstddef>

#include "host/core/view.h"

namespace cutract {

// The number of blocks of a launch, and their shape. Includes no CUDA header, so that the emulated launcher can use it
// too.
struct Extent {
  unsigned x = 1, y = 1, z = 1;
};
struct Geometry {
  Extent grid, block;
  std::size_t shared_bytes = 0;  // dynamic shared memory of each block
  unsigned cluster = 1;          // blocks along x that run together and can access each other's shared memory
};

inline unsigned grid_for(Index n, int block) {
  constexpr Index kMaxGrid = 1 << 20;  // kernels stride over larger problems
  const Index want = (n + block - 1) / block;
  return static_cast<unsigned>(want < kMaxGrid ? want : kMaxGrid);
}

}  // namespace cutract
