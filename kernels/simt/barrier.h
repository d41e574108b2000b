#pragma once

#include "kernels/simt/grid.h"

// Barriers of a block. Unlike hardware, the emulator enforces the rules of CUDA C++ literally: every thread of the
// block must reach __syncthreads, at the same line. A thread that has ended is a fault and does not count as arrived.
namespace cutract::simt {

// Returns the barrier, with the round's count of true predicates. `threads` 0 means all threads of the block.
const Barrier& sync_block(std::uint32_t id, std::uint32_t threads, bool predicate, const char* call, Where);
void arrive_block(std::uint32_t id, std::uint32_t threads, Where);

// Barrier `id` (1 to 15) for `threads` threads, a multiple of 32. Some of them may only arrive, without waiting (PTX
// bar.sync, bar.arrive).
inline void barrier_sync(std::uint32_t id, std::uint32_t threads, Where where = Where::here()) {
  sync_block(id, threads, false, "barrier_sync", where);
}
inline void barrier_arrive(std::uint32_t id, std::uint32_t threads, Where where = Where::here()) {
  arrive_block(id, threads, where);
}

}  // namespace cutract::simt

inline void __syncthreads(cutract::simt::Where where = cutract::simt::Where::here()) {
  cutract::simt::sync_block(0, 0, false, "__syncthreads", where);
}
inline int __syncthreads_count(int predicate, cutract::simt::Where where = cutract::simt::Where::here()) {
  return cutract::simt::sync_block(0, 0, predicate != 0, "__syncthreads_count", where).result;
}
inline int __syncthreads_and(int predicate, cutract::simt::Where where = cutract::simt::Where::here()) {
  return cutract::simt::sync_block(0, 0, predicate != 0, "__syncthreads_and", where).all;
}
inline int __syncthreads_or(int predicate, cutract::simt::Where where = cutract::simt::Where::here()) {
  return cutract::simt::sync_block(0, 0, predicate != 0, "__syncthreads_or", where).any;
}
// Memory accesses are in order in the emulator, so it cannot detect that one of these is missing.
inline void __threadfence() {}
inline void __threadfence_block() {}
