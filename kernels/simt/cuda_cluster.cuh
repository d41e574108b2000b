#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/simt/cuda_matrix.cuh"  // shared_address

// The calls of barrier.h, copy.h and cluster.h in CUDA and PTX. Clusters, and stores that complete on an mbarrier, need
// sm_90; on older architectures they trap.
namespace cutract::simt {

__device__ __forceinline__ std::byte* shared_memory() {
  extern __shared__ __align__(128) unsigned char dynamic_shared_memory[];
  return reinterpret_cast<std::byte*>(dynamic_shared_memory);
}

__device__ __forceinline__ void barrier_sync(std::uint32_t id, std::uint32_t threads) {
  asm volatile("bar.sync %0, %1;" ::"r"(id), "r"(threads) : "memory");
}
__device__ __forceinline__ void barrier_arrive(std::uint32_t id, std::uint32_t threads) {
  asm volatile("bar.arrive %0, %1;" ::"r"(id), "r"(threads) : "memory");
}

template <int Bytes>
__device__ __forceinline__ void copy_async(void* shared, const void* global, std::uint32_t given = Bytes) {
  static_assert(Bytes == 4 || Bytes == 8 || Bytes == 16);
  if constexpr (Bytes == 16)
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared_address(shared)), "l"(global), "r"(given)
                 : "memory");
  else
    asm volatile("cp.async.ca.shared.global [%0], [%1], %2, %3;" ::"r"(shared_address(shared)), "l"(global), "n"(Bytes),
                 "r"(given)
                 : "memory");
}
__device__ __forceinline__ void copy_commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }
template <int Groups>
__device__ __forceinline__ void copy_wait() {
  asm volatile("cp.async.wait_group %0;" ::"n"(Groups) : "memory");
}

#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900
__device__ __forceinline__ std::uint32_t cluster_rank() { return __clusterRelativeBlockRank(); }
__device__ __forceinline__ std::uint32_t cluster_size() { return __clusterSizeInBlocks(); }
__device__ __forceinline__ void cluster_arrive() { __cluster_barrier_arrive(); }
__device__ __forceinline__ void cluster_wait() { __cluster_barrier_wait(); }
__device__ __forceinline__ void cluster_sync() {
  cluster_arrive();
  cluster_wait();
}
template <class T>
__device__ __forceinline__ T* map_to_rank(T* local, std::uint32_t rank) {
  return static_cast<T*>(__cluster_map_shared_rank(local, rank));
}
__device__ __forceinline__ std::uint32_t peer_shared_address(const void* local, std::uint32_t rank) {
  std::uint32_t out;
  asm("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(out) : "r"(shared_address(local)), "r"(rank));
  return out;
}

__device__ __forceinline__ void mbarrier_init(std::uint64_t* b, std::uint32_t arrivals) {
  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(shared_address(b)), "r"(arrivals) : "memory");
}
__device__ __forceinline__ void fence_mbarrier_init() {
  asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
}
__device__ __forceinline__ void mbarrier_expect(std::uint64_t* b, std::uint32_t bytes) {
  asm volatile("mbarrier.expect_tx.relaxed.cta.shared::cta.b64 [%0], %1;" ::"r"(shared_address(b)), "r"(bytes)
               : "memory");
}
__device__ __forceinline__ void mbarrier_arrive(std::uint64_t* b) {
  asm volatile("{\n.reg .b64 state;\nmbarrier.arrive.shared::cta.b64 state, [%0];\n}" ::"r"(shared_address(b))
               : "memory");
}
__device__ __forceinline__ void mbarrier_arrive_expect(std::uint64_t* b, std::uint32_t bytes) {
  asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(shared_address(b)), "r"(bytes)
               : "memory");
}
__device__ __forceinline__ void mbarrier_arrive_remote(std::uint64_t* local, std::uint32_t rank) {
  asm volatile("mbarrier.arrive.release.cluster.shared::cluster.b64 _, [%0];" ::"r"(peer_shared_address(local, rank))
               : "memory");
}
__device__ __forceinline__ bool mbarrier_try_wait(std::uint64_t* b, std::uint32_t parity) {
  std::uint32_t done;
  asm volatile(
      "{\n.reg .pred p;\nmbarrier.try_wait.parity.acquire.cluster.shared::cta.b64 p, [%1], %2;\nselp.u32 %0, 1, 0, "
      "p;\n}"
      : "=r"(done)
      : "r"(shared_address(b)), "r"(parity)
      : "memory");
  return done != 0;
}
__device__ __forceinline__ void mbarrier_wait(std::uint64_t* b, std::uint32_t parity) {
  while (!mbarrier_try_wait(b, parity)) {}
}

template <class T>
__device__ __forceinline__ void store_async(T* local, const T& value, std::uint64_t* barrier, std::uint32_t rank) {
  static_assert(sizeof(T) == 4 || sizeof(T) == 8 || sizeof(T) == 16);
  const std::uint32_t to = peer_shared_address(local, rank), at = peer_shared_address(barrier, rank);
  std::uint32_t w[4];
  memcpy(w, &value, sizeof value);
  if constexpr (sizeof(T) == 4)
    asm volatile("st.async.shared::cluster.mbarrier::complete_tx::bytes.b32 [%0], %1, [%2];" ::"r"(to), "r"(w[0]),
                 "r"(at)
                 : "memory");
  else if constexpr (sizeof(T) == 8)
    asm volatile("st.async.shared::cluster.mbarrier::complete_tx::bytes.v2.b32 [%0], {%1, %2}, [%3];" ::"r"(to),
                 "r"(w[0]), "r"(w[1]), "r"(at)
                 : "memory");
  else
    asm volatile("st.async.shared::cluster.mbarrier::complete_tx::bytes.v4.b32 [%0], {%1, %2, %3, %4}, [%5];" ::"r"(to),
                 "r"(w[0]), "r"(w[1]), "r"(w[2]), "r"(w[3]), "r"(at)
                 : "memory");
}
#else
__device__ __forceinline__ std::uint32_t cluster_rank() { return 0; }
__device__ __forceinline__ std::uint32_t cluster_size() { return 1; }
__device__ __forceinline__ void cluster_arrive() { __trap(); }
__device__ __forceinline__ void cluster_wait() { __trap(); }
__device__ __forceinline__ void cluster_sync() { __trap(); }
template <class T>
__device__ __forceinline__ T* map_to_rank(T* local, std::uint32_t) {
  return __trap(), local;
}
__device__ __forceinline__ void mbarrier_init(std::uint64_t*, std::uint32_t) { __trap(); }
__device__ __forceinline__ void fence_mbarrier_init() { __trap(); }
__device__ __forceinline__ void mbarrier_expect(std::uint64_t*, std::uint32_t) { __trap(); }
__device__ __forceinline__ void mbarrier_arrive(std::uint64_t*) { __trap(); }
__device__ __forceinline__ void mbarrier_arrive_expect(std::uint64_t*, std::uint32_t) { __trap(); }
__device__ __forceinline__ void mbarrier_arrive_remote(std::uint64_t*, std::uint32_t) { __trap(); }
__device__ __forceinline__ bool mbarrier_try_wait(std::uint64_t*, std::uint32_t) { return __trap(), false; }
__device__ __forceinline__ void mbarrier_wait(std::uint64_t*, std::uint32_t) { __trap(); }
template <class T>
__device__ __forceinline__ void store_async(T*, const T&, std::uint64_t*, std::uint32_t) {
  __trap();
}
#endif

}  // namespace cutract::simt
