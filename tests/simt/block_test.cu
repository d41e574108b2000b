#include <numeric>

#include "tests/simt/on_gpu.h"

namespace cutract::test {
namespace {

using Block = OnGpu;

__global__ void write_positions(int* out) {
  const unsigned block = (blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;
  const unsigned thread = (threadIdx.z * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x;
  out[block * (blockDim.x * blockDim.y * blockDim.z) + thread] += static_cast<int>(block * 1000 + thread + 1);
}

TEST_F(Block, EveryThreadOfEveryBlockRunsOnce) {
  const std::vector<int> out = run<int>(write_positions, {{3, 2, 4}, {5, 3, 2}}, 24 * 30);
  for (int b = 0; b < 24; ++b)
    for (int t = 0; t < 30; ++t) ASSERT_EQ(out[static_cast<std::size_t>(b * 30 + t)], b * 1000 + t + 1);
}

TEST_F(Block, AnEmptyGridRunsNothing) {
  EXPECT_EQ(run<int>(write_positions, {{0}, {32}}, 4), std::vector<int>(4));
  EXPECT_EQ(run<int>(write_positions, {{2, 0}, {32}}, 4), std::vector<int>(4));
}

// Reverses twice, through a static and a dynamic array, so that each thread reads a value written by another warp.
__global__ void reverse_twice(int* out) {
  __shared__ int fixed[300];
  int* dynamic = reinterpret_cast<int*>(simt::shared_memory());
  const int n = static_cast<int>(blockDim.x), i = static_cast<int>(threadIdx.x), block = static_cast<int>(blockIdx.x);
  fixed[i] = 1000 * block + i;
  __syncthreads();
  dynamic[i] = fixed[n - 1 - i];
  __syncthreads();
  out[block * n + i] = dynamic[n - 1 - i];
}

TEST_F(Block, SharedMemoryBelongsToTheBlock) {
  const std::vector<int> out = run<int>(reverse_twice, {{7}, {300}, 300 * sizeof(int)}, 7 * 300);
  for (int b = 0; b < 7; ++b)
    for (int i = 0; i < 300; ++i) ASSERT_EQ(out[static_cast<std::size_t>(b * 300 + i)], 1000 * b + i);
}

template <class T>
__global__ void reverse_in_a_template(T* out) {
  __shared__ T values[64];
  values[threadIdx.x] = static_cast<T>(threadIdx.x);
  __syncthreads();
  out[threadIdx.x] = values[63 - threadIdx.x];
}

TEST_F(Block, TemplatesHaveSharedMemoryOfTheirOwn) {
  std::vector<int> want(64);
  std::iota(want.rbegin(), want.rend(), 0);
  EXPECT_EQ(run<int>(reverse_in_a_template<int>, {{1}, {64}}, 64), want);
  EXPECT_EQ(run<double>(reverse_in_a_template<double>, {{1}, {64}}, 64),
            (std::vector<double>(want.begin(), want.end())));
}

__global__ void vote_in_block(int* out) {
  const int i = static_cast<int>(threadIdx.x);
  const int count = __syncthreads_count(i % 3 == 0), all = __syncthreads_and(i < 100), none = __syncthreads_and(i < 99);
  const int any = __syncthreads_or(i == 99), nobody = __syncthreads_or(i == 100);
  out[i] = count * 10000 + (all != 0) * 1000 + (none != 0) * 100 + (any != 0) * 10 + (nobody != 0);
}

TEST_F(Block, BarriersCountAndVote) {
  EXPECT_EQ(run<int>(vote_in_block, {{1}, {100}}, 100), std::vector<int>(100, 34 * 10000 + 1010));
}

// Warp 0 fills a buffer and warps 1 and 2 empty it, using two named barriers, for several rounds.
__global__ void produce_and_consume(int* out) {
  __shared__ int box[64];
  const int i = static_cast<int>(threadIdx.x);
  for (int round = 0; round < 10; ++round) {
    if (i < 32) {
      if (round > 0) simt::barrier_sync(2, 96);
      box[i] = 100 * round + i;
      box[i + 32] = 100 * round + i + 32;
      simt::barrier_arrive(1, 96);
    } else {
      simt::barrier_sync(1, 96);
      out[round * 64 + i - 32] = box[95 - i];
      if (round < 9) simt::barrier_arrive(2, 96);
    }
  }
}

TEST_F(Block, NamedBarriersLetOneSideRunAhead) {
  const std::vector<int> out = run<int>(produce_and_consume, {{1}, {96}}, 640);
  for (int round = 0; round < 10; ++round)
    for (int i = 0; i < 64; ++i) ASSERT_EQ(out[static_cast<std::size_t>(round * 64 + i)], 100 * round + 63 - i);
}

__global__ void count_up(unsigned* out) {
  const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
  atomicAdd(&out[0], i);  // integer
  atomicMax(&out[1], i);
  atomicMin(&out[2], 1000 - i);
  atomicOr(&out[3], 1u << i % 32);
  if (atomicCAS(&out[4], 0u, i + 1) == 0u) out[5] = i + 1;
}

TEST_F(Block, AtomicsLoseNothing) {
  const std::vector<unsigned> out = run<unsigned>(count_up, {{5}, {100}}, 6);
  EXPECT_EQ(out[0], 500u * 499 / 2);
  EXPECT_EQ(out[1], 499u);
  EXPECT_EQ(out[2], 0u);  // the initial value is 0
  EXPECT_EQ(out[3], 0xffffffffu);
  EXPECT_EQ(out[4], out[5]);
}

// Two stages in flight; the last part of each row is incomplete.
__global__ void copy_ahead(const float* from, int given, float* out) {
  float* stage = reinterpret_cast<float*>(simt::shared_memory());
  const int i = static_cast<int>(threadIdx.x), n = static_cast<int>(blockDim.x) * 4;
  simt::copy_async<16>(stage + 4 * i, from + 4 * i);
  simt::copy_commit();
  for (int round = 0; round < 5; ++round) {
    if (round < 4) simt::copy_async<16>(stage + (round + 1) % 2 * n + 4 * i, from + (round + 1) * n + 4 * i, given);
    simt::copy_commit();
    simt::copy_wait<1>();
    __syncthreads();
    for (int j = 0; j < 4; ++j) out[round * n + 4 * i + j] = stage[round % 2 * n + n - 1 - 4 * i - j];
    __syncthreads();
  }
}

TEST_F(Block, AsynchronousCopiesArriveWhereWaitedFor) {
  std::vector<float> from(5 * 256);
  std::iota(from.begin(), from.end(), 1.0f);
  const Buffer<float> in(exec(), from);
  const std::vector<float> out =
      run<float>(copy_ahead, {{1}, {64}, 2 * 256 * sizeof(float)}, 5 * 256, static_cast<const float*>(in.data()), 8);
  for (std::size_t round = 0; round < 5; ++round)
    for (std::size_t i = 0; i < 256; ++i) {
      const std::size_t source = 255 - i;
      const float want = round == 0 || source % 4 < 2 ? from[round * 256 + source] : 0.0f;
      ASSERT_EQ(out[round * 256 + i], want) << "round " << round << ", element " << i;
    }
}

}  // namespace
}  // namespace cutract::test
