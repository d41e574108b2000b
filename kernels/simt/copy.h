#pragma once

#include "kernels/simt/grid.h"

// Copies from global to shared memory that complete asynchronously (PTX cp.async, sm_80).
namespace cutract::simt {

void copy_async_bytes(void* shared, const void* global, std::uint32_t bytes, std::uint32_t given);
void copy_commit();
void copy_wait_but(std::uint32_t groups);

// Starts a copy of Bytes (4, 8 or 16): the first `given` bytes come from global memory, the rest are zero.
template <int Bytes>
void copy_async(void* shared, const void* global, std::uint32_t given = Bytes) {
  static_assert(Bytes == 4 || Bytes == 8 || Bytes == 16);
  copy_async_bytes(shared, global, Bytes, given);
}
// Waits until all committed groups of this thread except the latest `Groups` are complete.
template <int Groups>
void copy_wait() {
  copy_wait_but(Groups);
}

}  // namespace cutract::simt
