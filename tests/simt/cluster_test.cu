#include "tests/simt/on_gpu.h"

namespace cutract::test {
namespace {

using Clusters = OnGpu;

// Every block reads the values written by each of its peers; no block exits while its memory may still be read.
__global__ void read_peers(int* out) {
  int* mine = reinterpret_cast<int*>(simt::shared_memory());
  const unsigned rank = simt::cluster_rank(), size = simt::cluster_size();
  mine[threadIdx.x] = static_cast<int>(1000 * blockIdx.x + threadIdx.x);
  simt::cluster_sync();
  int sum = 0;
  for (unsigned peer = 0; peer < size; ++peer) sum += *simt::map_to_rank(&mine[blockDim.x - 1 - threadIdx.x], peer);
  simt::cluster_sync();
  out[blockIdx.x * blockDim.x + threadIdx.x] = sum + static_cast<int>(rank);
}

TEST_F(Clusters, BlocksReadEachOthersSharedMemory) {
  for (const unsigned size : {2u, 4u, 8u}) {
    const std::vector<int> out = run<int>(read_peers, {{16}, {40}, 40 * sizeof(int), size}, 16 * 40);
    for (unsigned b = 0; b < 16; ++b)
      for (unsigned t = 0; t < 40; ++t) {
        const unsigned first = b / size * size;
        int want = static_cast<int>(b - first);
        for (unsigned peer = first; peer < first + size; ++peer) want += static_cast<int>(1000 * peer + 39 - t);
        ASSERT_EQ(out[b * 40 + t], want) << "cluster " << size << ", block " << b << ", thread " << t;
      }
  }
}

struct alignas(16) Four {
  int v[4];
};

// Each block passes values to the next one for several rounds, through two slots with one mbarrier each. The slot of
// round r + 2 is free when the value of round r + 1 has come back around, since every block needs a value to send the
// next.
template <class T>
__global__ void pass_round(int rounds, int* out) {
  std::byte* memory = simt::shared_memory();
  auto* slot = reinterpret_cast<T*>(memory);
  auto* barrier = reinterpret_cast<std::uint64_t*>(memory + 2 * sizeof(Four));
  const unsigned rank = simt::cluster_rank(), next = (rank + 1) % simt::cluster_size();
  if (threadIdx.x == 0) {
    for (int i = 0; i < 2; ++i) {
      simt::mbarrier_init(&barrier[i], 1);
      simt::mbarrier_arrive_expect(&barrier[i], sizeof(T));
    }
    simt::fence_mbarrier_init();
  }
  simt::cluster_sync();
  T value{};
  *reinterpret_cast<int*>(&value) = static_cast<int>(rank);
  for (int round = 0; round < rounds; ++round) {
    const int at = round % 2;
    const auto parity = static_cast<std::uint32_t>(round / 2 % 2);
    if (threadIdx.x == 0) simt::store_async(&slot[at], value, &barrier[at], next);
    simt::mbarrier_wait(&barrier[at], parity);
    value = slot[at];
    *reinterpret_cast<int*>(&value) += 100;
    __syncthreads();
    if (threadIdx.x == 0 && round + 2 < rounds) simt::mbarrier_arrive_expect(&barrier[at], sizeof(T));
    simt::cluster_sync();
  }
  out[blockIdx.x * blockDim.x + threadIdx.x] = *reinterpret_cast<const int*>(&value);
}

template <class T>
void expect_passed_round(const std::vector<int>& out, int rounds, int size) {
  for (int b = 0; b < 8; ++b)
    for (int t = 0; t < 64; ++t) {
      const int from = ((b % size - rounds) % size + size) % size;
      ASSERT_EQ(out[static_cast<std::size_t>(b * 64 + t)], from + 100 * rounds) << sizeof(T) << " bytes, block " << b;
    }
}

TEST_F(Clusters, StoresArriveWithTheirBarrier) {
  for (const unsigned size : {2u, 4u}) {
    const Geometry g{{8}, {64}, 2 * sizeof(Four) + 16, size};
    expect_passed_round<int>(run<int>(pass_round<int>, g, 512, 9), 9, static_cast<int>(size));
    expect_passed_round<int2>(run<int>(pass_round<int2>, g, 512, 9), 9, static_cast<int>(size));
    expect_passed_round<Four>(run<int>(pass_round<Four>, g, 512, 9), 9, static_cast<int>(size));
  }
}

// All threads of a block arrive at the block's own mbarrier and at its neighbour's.
__global__ void arrive_everywhere(int* out) {
  std::byte* memory = simt::shared_memory();
  auto* barrier = reinterpret_cast<std::uint64_t*>(memory);
  int* box = reinterpret_cast<int*>(memory + 16);
  if (threadIdx.x == 0) {
    simt::mbarrier_init(&barrier[0], blockDim.x);
    simt::mbarrier_init(&barrier[1], 2 * blockDim.x);
    simt::fence_mbarrier_init();
  }
  simt::cluster_sync();
  int sum = 0;
  for (unsigned round = 0; round < 3; ++round) {
    box[threadIdx.x] = static_cast<int>(round * 1000 + threadIdx.x);
    simt::mbarrier_arrive(&barrier[0]);
    while (!simt::mbarrier_try_wait(&barrier[0], round % 2)) {}
    sum += box[blockDim.x - 1 - threadIdx.x];
    simt::mbarrier_arrive_remote(&barrier[1], 0);
    simt::mbarrier_arrive_remote(&barrier[1], 1);
    simt::mbarrier_wait(&barrier[1], round % 2);
  }
  simt::cluster_sync();
  out[blockIdx.x * blockDim.x + threadIdx.x] = sum;
}

TEST_F(Clusters, BarriersCountArrivalsOfBothBlocks) {
  const std::vector<int> out = run<int>(arrive_everywhere, {{2}, {96}, 16 + 96 * sizeof(int), 2}, 192);
  for (int i = 0; i < 192; ++i) EXPECT_EQ(out[static_cast<std::size_t>(i)], 3000 + 3 * (95 - i % 96));
}

}  // namespace
}  // namespace cutract::test
