#pragma once

#include <cstring>

#include "kernels/simt/grid.h"

// Thread-block clusters: distributed shared memory, the cluster barrier, mbarriers, and stores that complete on an
// mbarrier.
namespace cutract::simt {

// Called by the scheduler. deliver_stores completes pending stores, all of them or a random number;
// cluster_thread_ended removes a thread from the count.
void deliver_stores(bool all);
void cluster_thread_ended();
bool stores_are_on_the_way_to(const Block&);
// The address, in a peer's dynamic shared memory, that corresponds to `local` (n bytes) in the caller's.
void* peer_address(const void* local, std::size_t n, std::uint32_t rank, const char* call);
void store_async_bytes(const void* local, const void* value, std::uint32_t n, const std::uint64_t* barrier,
                       std::uint32_t rank);

// The dynamic shared memory of the block, aligned to 128 bytes.
inline std::byte* shared_memory() { return block().shared.data(); }

inline std::uint32_t cluster_rank() { return block().rank; }
inline std::uint32_t cluster_size() { return cluster().size; }
void cluster_arrive();
void cluster_wait(Where = Where::here());
inline void cluster_sync(Where where = Where::here()) {
  cluster_arrive();
  cluster_wait(where);
}
// The address in the block of that rank that corresponds to `local` here. It can be read and written like ordinary
// memory.
template <class T>
T* map_to_rank(T* local, std::uint32_t rank) {
  return static_cast<T*>(peer_address(local, sizeof(T), rank, "map_to_rank"));
}

// A transaction barrier, stored in a word of dynamic shared memory (PTX mbarrier). A phase ends when `arrivals` threads
// have arrived and all expected bytes have been received. The first phase has parity 0.
void mbarrier_init(std::uint64_t*, std::uint32_t arrivals);
inline void fence_mbarrier_init() {}  // makes the init visible to the cluster, which must then synchronise
void mbarrier_expect(std::uint64_t*, std::uint32_t bytes);
void mbarrier_arrive(std::uint64_t*);
void mbarrier_arrive_expect(std::uint64_t*, std::uint32_t bytes);
void mbarrier_arrive_remote(std::uint64_t* local, std::uint32_t rank);
bool mbarrier_try_wait(std::uint64_t*, std::uint32_t parity, Where = Where::here());  // may wait for a while
void mbarrier_wait(std::uint64_t*, std::uint32_t parity, Where = Where::here());

// Writes value (4, 8 or 16 bytes) at some later time to the address that corresponds to `local` in the block of that
// rank, and then counts its bytes as received on that block's copy of `barrier` (PTX st.async, sm_90).
template <class T>
void store_async(T* local, const T& value, std::uint64_t* barrier, std::uint32_t rank) {
  static_assert(sizeof(T) == 4 || sizeof(T) == 8 || sizeof(T) == 16);
  store_async_bytes(local, &value, sizeof(T), barrier, rank);
}

}  // namespace cutract::simt
