#pragma once

#include "kernels/simt/grid.h"

// Copies from global to shared memory that complete later (PTX cp.async, sm_80).
namespace cutract::simt {

void copy_async_bytes(void* shared, const void* global, std::uint32_t bytes, std::uint32_t given);
void copy_commit();
void copy_wait_but(std::uint32_t groups);

// Starts a copy of Bytes (4, 8 or 16) of which the first `given` come from global memory and the rest are zero.
template <int Bytes>
void copy_async(void* shared, const void* global, std::uint32_t given = Bytes) {
  static_assert(Bytes == 4 || Bytes == 8 || Bytes == 16);
  copy_async_bytes(shared, global, Bytes, given);
}
// Waits until all committed groups of this thread but the youngest `Groups` are complete.
template <int Groups>
void copy_wait() {
  copy_wait_but(Groups);
}

}  // namespace cutract::simt
