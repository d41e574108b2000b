// Errors of a kernel are reported with kernel, block and thread. Only the emulated GPU can do this.
#include "kernels/simt/asan.h"
#include "kernels/simt/schedule.h"
#include "tests/simt/on_gpu.h"

namespace cutract::test {
namespace {

class Faults : public OnGpu {
 protected:
  template <class... Params, class... Args>
  std::string text(void (*kernel)(Params...), const Geometry& g, Args... args) {
    const Error e = thrown_by([&] { launch(std::get<GpuExec>(exec()), "sample", kernel, g, args...); });
    EXPECT_EQ(e.fault(), Fault::internal);
    return e.what();
  }
};
#define EXPECT_HAS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)
constexpr unsigned kAll = 0xffffffffu;

constexpr int kBarrierOfSomeLeave = __LINE__ + 3;
__global__ void some_leave() {
  if (blockIdx.x == 1 && threadIdx.x >= 32) return;
  __syncthreads();
}
TEST_F(Faults, ThreadsThatEndBeforeABarrier) {
  const std::string t = text(some_leave, {{3}, {96}});
  EXPECT_HAS(t, "sample: divergent barrier");
  EXPECT_HAS(t, "block (1,0,0): thread (0,0,0) and 31 more wait at __syncthreads (fault_test.cu:" +
                    std::to_string(kBarrierOfSomeLeave) + ")");
  EXPECT_HAS(t, "thread (32,0,0) and 63 more have ended");
  EXPECT_HAS(t, "emulator seed");
}

__global__ void two_places() {
  if (threadIdx.x < 32)
    __syncthreads();
  else
    __syncthreads();
}
TEST_F(Faults, TwoBarriersForOne) {
  const std::string t = text(two_places, {{1}, {64}});
  EXPECT_HAS(t, "sample: block (0,0,0), thread (");
  EXPECT_HAS(t, "divergent barrier: it is at __syncthreads of line");
}

__global__ void some_wait_elsewhere() {
  if (threadIdx.x < 32)
    __syncthreads();
  else
    simt::barrier_sync(1, 96);
}
TEST_F(Faults, BarriersThatMissEachOther) {
  const std::string t = text(some_wait_elsewhere, {{1}, {64}});
  EXPECT_HAS(t, "divergent barrier");
  EXPECT_HAS(t, "thread (32,0,0) and 31 more wait at barrier_sync");
}

__global__ void never_armed() {
  auto* barrier = reinterpret_cast<std::uint64_t*>(simt::shared_memory());
  if (threadIdx.x == 0) simt::mbarrier_init(barrier, 1);
  __syncthreads();
  simt::mbarrier_wait(barrier, 0);
}
TEST_F(Faults, ABarrierThatNobodyArrivesAt) {
  const std::string t = text(never_armed, {{1}, {40}, 8});
  EXPECT_HAS(t, "deadlock: block (0,0,0): thread (0,0,0) and 39 more wait at mbarrier_wait");
}

__global__ void lane_leaves() {
  if (threadIdx.x == 5) return;
  __shfl_xor_sync(kAll, 1, 1);
}
TEST_F(Faults, AShuffleThatALaneHasLeft) {
  const std::string t = text(lane_leaves, {{1}, {32}});
  EXPECT_HAS(t, "deadlock");
  EXPECT_HAS(t, "wait at __shfl_xor_sync");
  EXPECT_HAS(t, "for lanes 0x00000020");
}

__global__ void short_warp() { __syncwarp(); }
TEST_F(Faults, AMaskOfLanesThatDoNotExist) { EXPECT_HAS(text(short_warp, {{1}, {20}}), "for lanes 0xfff00000"); }

__global__ void different_calls() {
  if (threadIdx.x == 9)
    __ballot_sync(kAll, 1);
  else
    __shfl_sync(kAll, 1, 0);
}
TEST_F(Faults, LanesInDifferentCalls) {
  const std::string t = text(different_calls, {{1}, {32}});
  EXPECT_HAS(t, "lanes of one mask call");
  EXPECT_HAS(t, "__ballot_sync");
  EXPECT_HAS(t, "__shfl_sync");
}

__global__ void mask_without_me() { __ballot_sync(0xfu, 1); }
TEST_F(Faults, AMaskWithoutTheCaller) { EXPECT_HAS(text(mask_without_me, {{1}, {32}}), "does not name the lane"); }

__global__ void touch(int at, int thread) {
  volatile int* values = reinterpret_cast<int*>(simt::shared_memory());
  if (blockIdx.x == 2 && static_cast<int>(threadIdx.x) == thread) values[at] = values[at] + 1;
}
TEST_F(Faults, AccessBeyondDynamicSharedMemory) {
  for (const int at : {32, 33, 5000, 15000, -1100, -3000}) {  // far enough to reach an inaccessible page
    const std::string t = text(touch, {{4}, {64}, 128}, at, 37);
    EXPECT_HAS(t,
               "sample: block (2,0,0), thread (37,0,0): access beyond shared memory: offset " + std::to_string(4 * at));
    EXPECT_HAS(t, " of 128 bytes");
  }
  for (const int at : {-1, -32, 25, 31}) {  // within the fence, where reads do not fault
    const std::string t = text(touch, {{4}, {64}, 100}, at, 41);
    EXPECT_HAS(t, "sample: block (2,0,0), thread (41,0,0): write beyond shared memory");
  }
  EXPECT_HAS(text(touch, {{4}, {64}, 128}, -40, 37),
             "sample: block (2,0,0), thread unknown: write before shared memory");
}

__global__ void read_unwritten(float* out) {
  __shared__ float fixed[4];
  const auto* dynamic = reinterpret_cast<const float*>(simt::shared_memory());
  out[0] = fixed[3];
  out[1] = dynamic[1];
  fixed[3] = 1;
}
TEST_F(Faults, SharedMemoryStartsAsNaNInEveryBlock) {
  for (const float v : run<float>(read_unwritten, {{3}, {1}, 16}, 2)) EXPECT_TRUE(std::isnan(v));
}

#ifdef CUTRACT_ASAN
// Sanitizers also work inside the emulated threads, and end the process. AddressSanitizer allows us to report the
// thread.
__global__ void write_at(int* values, int at) {
  if (threadIdx.x == 6) values[at] = 1;
}
__global__ void index_array(int at) {
  __shared__ int values[8];
  if (threadIdx.x == 6) values[at] = values[0];
}
TEST_F(Faults, TheSanitizersSeeIntoThreads) {
  const Buffer<int> out(exec(), Index{8});
  EXPECT_DEATH(launch(std::get<GpuExec>(exec()), "sample", write_at, 1u, 32, out.data(), 8),
               "heap-buffer-overflow(.|\n)*sample: block \\(0,0,0\\), thread \\(6,0,0\\)");
  EXPECT_DEATH(launch(std::get<GpuExec>(exec()), "sample", index_array, 1u, 32, 8),
               "fault_test.cu.*index 8 out of bounds");
}
#else
__global__ void index_fixed(int at) {
  __shared__ int values[8];
  if (threadIdx.x == 3) values[at] = values[0];
}
TEST_F(Faults, AnIndexBeyondAFixedArray) {
  const std::string t = text(index_fixed, {{1}, {32}}, 8);
  EXPECT_HAS(t, "sample: block (0,0,0), thread (3,0,0): index beyond an array");
}

__global__ void write_to(int* at) {
  if (threadIdx.x == 6) *at = 1;
}
TEST_F(Faults, AWildPointer) {
  EXPECT_HAS(text(write_to, {{1}, {32}}, static_cast<int*>(nullptr)),
             "thread (6,0,0): access to memory that is not its own");
}

__attribute__((noinline)) int deep(int n, volatile int* at) {
  volatile int room[64] = {};
  room[n % 64] = n;
  return n == 0 ? *at : deep(n - 1, room) + room[n % 64] + *at;
}
__global__ void recurse() {
  volatile int zero = 0;
  zero = deep(1'000'000, &zero);
}
TEST_F(Faults, AFullStack) { EXPECT_HAS(text(recurse, {{1}, {2}}), "its stack is full"); }
#endif

__global__ void load_rows(int rows) {
  const std::byte* row = simt::shared_memory() + 16 * (static_cast<int>(threadIdx.x) % rows);
  simt::Word out[4];
  simt::load_matrix(out, row);
}
TEST_F(Faults, ARowBeyondSharedMemory) {
  EXPECT_HAS(text(load_rows, {{1}, {32}, 31 * 16}, 32),
             "thread (31,0,0): load_matrix (4 blocks): its row is beyond shared memory: offset 496 of 496");
}

__global__ void leave_early(int* out) {
  int* mine = reinterpret_cast<int*>(simt::shared_memory());
  *mine = 1;
  simt::cluster_sync();
  if (simt::cluster_rank() == 0) *out = *simt::map_to_rank(mine, 1);
}
// Whether the peer still exists depends on the schedule; at least one seed must show that it may be gone.
TEST_F(Faults, APeerThatHasEnded) {
  const Buffer<int> out(exec(), Index{1});
  std::string t;
  for (std::uint64_t seed = 1; seed <= 20 && t.empty(); ++seed) {
    simt::set_schedule({true, seed});
    try {
      launch(std::get<GpuExec>(exec()), "sample", leave_early, {{2}, {32}, 4, 2}, out.data());
    } catch (const Error& e) { t = e.what(); }
  }
  EXPECT_HAS(t, "access to the shared memory of block of rank 1, which has ended");
}

__global__ void store_unprepared(bool init) {
  auto* barrier = reinterpret_cast<std::uint64_t*>(simt::shared_memory());
  if (init && threadIdx.x == 0) simt::mbarrier_init(barrier, 1);
  if (threadIdx.x == 0) simt::store_async(reinterpret_cast<int*>(barrier + 1), 1, barrier, 1 - simt::cluster_rank());
  simt::cluster_sync();
}
TEST_F(Faults, AStoreWithoutABarrier) {
  EXPECT_HAS(text(store_unprepared, {{2}, {32}, 16, 2}, false), "store_async: no mbarrier was initialised");
  EXPECT_HAS(text(store_unprepared, {{2}, {32}, 16, 2}, true), "store_async: no mbarrier was initialised");  // not yet
}

__global__ void map_too_far() { simt::map_to_rank(simt::shared_memory(), 2); }
__global__ void fixed_in_cluster() {
  __shared__ volatile int value;
  value = 1;
  if (value == 2) value = 3;
}
__global__ void nothing() {}
TEST_F(Faults, WrongUseOfClusters) {
  EXPECT_HAS(text(map_too_far, {{2}, {1}, 4, 2}), "map_to_rank: rank is 2, expected less than the cluster's 2");
  EXPECT_HAS(text(fixed_in_cluster, {{2}, {1}, 4, 2}), "a __shared__ variable in a cluster");
  EXPECT_HAS(text(nothing, {{3}, {1}, 0, 2}), "sample: cluster is 2 blocks of a grid (3,1,1)");
}

TEST_F(Faults, WrongGeometry) {
  EXPECT_HAS(text(nothing, {{1}, {1025}}), "sample: block is (1025,1,1), expected 1 to 1024 threads");
  EXPECT_HAS(text(nothing, {{1}, {0}}), "sample: block is (0,1,1)");
  EXPECT_HAS(text(nothing, {{1, 65536}, {1}}), "sample: grid is (1,65536,1)");
  EXPECT_HAS(text(nothing, {{1}, {1}, 300'000}), "sample: shared memory is 300000 bytes");
}

__global__ void write_one(int* out) {
  __syncthreads();
  out[threadIdx.x] = 1;
}
TEST_F(Faults, TheNextLaunchIsAsIfNothingHadHappened) {
  for (int again = 0; again < 3; ++again) {
    text(some_leave, {{3}, {96}});
    EXPECT_EQ(run<int>(write_one, {{1}, {512}}, 512), std::vector<int>(512, 1));
  }
}

}  // namespace
}  // namespace cutract::test
