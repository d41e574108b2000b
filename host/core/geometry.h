#pragma once

#include <cstddef>

#include "host/core/view.h"

namespace cutract {

// How many blocks a kernel is launched with, and of what. No CUDA header, so that the emulated launcher takes it too.
struct Extent {
  unsigned x = 1, y = 1, z = 1;
};
struct Geometry {
  Extent grid, block;
  std::size_t shared_bytes = 0;  // dynamic shared memory of each block
  unsigned cluster = 1;          // blocks along x that run together and reach each other's shared memory
};

inline unsigned grid_for(Index n, int block) {
  constexpr Index kMaxGrid = 1 << 20;  // kernels stride over the rest
  const Index want = (n + block - 1) / block;
  return static_cast<unsigned>(want < kMaxGrid ? want : kMaxGrid);
}

}  // namespace cutract
