// Planted races: the adversarial schedule detects them; a schedule that runs warps and lanes in turn does not.
#include "kernels/simt/schedule.h"
#include "tests/simt/on_gpu.h"

namespace cutract::test {
namespace {

constexpr int kSeeds = 20;

class Races : public OnGpu {
 protected:
  using Kernel = void (*)(bool, int*);
  void TearDown() override { simt::set_schedule({}); }

  // The result of the kernel under that schedule; -1 for a fault.
  int result(Kernel kernel, const Geometry& g, bool broken, simt::Schedule schedule) {
    simt::set_schedule(schedule);
    try {
      return run<int>(kernel, g, 1, broken).front();
    } catch (const Error&) { return -1; }
  }
  // The correct kernel gives `want` under every schedule. The broken one gives it when run in turn, but not for most
  // seeds.
  void expect_found(Kernel kernel, const Geometry& g, int want, int at_least = kSeeds / 2) {
    int found = 0;
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
      EXPECT_EQ(result(kernel, g, false, {true, seed}), want) << "without the race, seed " << seed;
      found += result(kernel, g, true, {true, seed}) != want;
    }
    EXPECT_GE(found, at_least) << "of " << kSeeds;
    EXPECT_EQ(result(kernel, g, false, {false, 1}), want);
    EXPECT_EQ(result(kernel, g, true, {false, 1}), want) << "the schedule in turn finds it too";
    RecordProperty("found", found);
  }
};

// The last thread sums the values of all threads; the broken kernel synchronises only its own warp in between.
__global__ void no_barrier(bool broken, int* out) {
  __shared__ int values[128];
  values[threadIdx.x] = static_cast<int>(threadIdx.x);
  __syncwarp();
  if (!broken) __syncthreads();
  if (threadIdx.x != 127) return;
  for (int i = 0; i < 128; ++i) *out += values[i];
}
TEST_F(Races, NoBarrierBetweenWriteAndRead) { expect_found(no_barrier, {{1}, {128}}, 127 * 64); }

// Each thread reads its neighbour in the next warp and then writes its own value for the next step. With one buffer and
// one barrier, the neighbour may be one step ahead.
__global__ void one_buffer(bool broken, int* out) {
  __shared__ int values[2][128];
  const int i = static_cast<int>(threadIdx.x), neighbour = i + 32 < 128 ? i + 32 : i;
  int sum = 0;
  for (int step = 0; step < 6; ++step) {
    int* buffer = values[broken ? 0 : step % 2];
    buffer[i] = step + 1;
    __syncthreads();
    sum += buffer[neighbour];
  }
  atomicAdd(out, sum);  // integer
}
TEST_F(Races, OneBufferWhereTwoAreNeeded) { expect_found(one_buffer, {{1}, {128}}, 128 * 21); }

// Within a warp: each lane reads the value written by the lane before it.
__global__ void no_syncwarp(bool broken, int* out) {
  __shared__ int values[32];
  const int lane = static_cast<int>(threadIdx.x);
  values[lane] = 1;
  if (!broken) __syncwarp();
  atomicAdd(out, values[lane > 0 ? lane - 1 : 0]);  // integer
}
TEST_F(Races, NoBarrierWithinAWarp) { expect_found(no_syncwarp, {{1}, {32}}, 32); }

// Takes a place in a list by an atomic; the broken kernel assumes that it equals the thread's number.
__global__ void order_of_atomics(bool broken, int* out) {
  __shared__ int places;
  __shared__ int list[64];
  const int i = static_cast<int>(threadIdx.x);
  if (i == 0) places = 0;
  __syncthreads();
  const int place = atomicAdd(&places, 1);  // integer
  list[broken ? place : i] = i;
  __syncthreads();
  if (list[i] != i) *out = -2;
}
TEST_F(Races, TheOrderOfAtomics) { expect_found(order_of_atomics, {{1}, {64}}, 0); }

// The first warp to arrive writes a value; the broken kernel assumes that the others find it written.
__global__ void too_soon_after_an_atomic(bool broken, int* out) {
  __shared__ int taken, value;
  if (threadIdx.x == 0) taken = 0;
  __syncthreads();
  if (threadIdx.x % 32 == 0 && atomicAdd(&taken, 1) == 0) value = 7;  // integer
  if (!broken) __syncthreads();
  if (threadIdx.x % 32 == 0 && value != 7) *out = -2;
}
TEST_F(Races, ReadingTooSoonAfterAnAtomic) { expect_found(too_soon_after_an_atomic, {{1}, {128}}, 0, 1); }

__global__ void no_copy_wait(bool broken, int* out) {
  int* stage = reinterpret_cast<int*>(simt::shared_memory());
  simt::copy_async<4>(&stage[threadIdx.x], out);  // 0
  simt::copy_commit();
  if (!broken) simt::copy_wait<0>();
  if (stage[threadIdx.x] != 0) out[0] = -2;
}
TEST_F(Races, AnAsynchronousCopyNotWaitedFor) { expect_found(no_copy_wait, {{1}, {32}, 128}, 0); }

// Two blocks exchange one value per step by stores that complete on an mbarrier. The broken kernel has one slot, which
// the peer may overwrite before it has been read.
__global__ void exchange(bool broken, int* out) {
  std::byte* memory = simt::shared_memory();
  auto* barrier = reinterpret_cast<std::uint64_t*>(memory);
  int* slot = reinterpret_cast<int*>(memory + 16);
  const unsigned peer = 1 - simt::cluster_rank();
  if (threadIdx.x == 0)
    for (int i = 0; i < 2; ++i) {
      simt::mbarrier_init(&barrier[i], 1);
      simt::mbarrier_arrive_expect(&barrier[i], sizeof(int));
      simt::fence_mbarrier_init();
    }
  simt::cluster_sync();
  int sum = 0;
  for (int step = 0; step < 8; ++step) {
    const int at = step % 2, place = broken ? 0 : at;
    if (threadIdx.x == 0) simt::store_async(&slot[place], step + 1, &barrier[at], peer);
    simt::mbarrier_wait(&barrier[at], static_cast<std::uint32_t>(step / 2 % 2));
    sum += slot[place];
    __syncthreads();
    if (threadIdx.x == 0) simt::mbarrier_arrive_expect(&barrier[at], sizeof(int));
  }
  atomicAdd(out, sum);  // integer
  simt::cluster_sync();
}
TEST_F(Races, OneSlotBetweenBlocksOfACluster) { expect_found(exchange, {{2}, {64}, 24, 2}, 2 * 64 * 36); }

// The broken kernel assumes that block 0 has run first.
__global__ void order_of_blocks(bool broken, int* out) {
  if (threadIdx.x == 0 && (blockIdx.x == 0 || !broken)) atomicMax(out, 7);
  if (broken && *out != 7) atomicMax(out, 99);
}
TEST_F(Races, TheOrderOfBlocks) { expect_found(order_of_blocks, {{16}, {1}}, 7); }

__global__ void order_of_threads(int* out) { out[threadIdx.x] = atomicAdd(&out[256], 1); }  // integer

TEST_F(Races, TheSeedDecides) {
  const auto order = [&](simt::Schedule s) {
    simt::set_schedule(s);
    return run<int>(order_of_threads, {{1}, {256}}, 257);
  };
  EXPECT_EQ(order({true, 5}), order({true, 5}));
  EXPECT_NE(order({true, 5}), order({true, 6}));
  simt::set_schedule({true, 5});
  const auto next = [&] { return run<int>(order_of_threads, {{1}, {256}}, 257); };
  EXPECT_NE(next(), next()) << "two launches in one order";
}

}  // namespace
}  // namespace cutract::test
