#include "tests/simt/on_gpu.h"

namespace cutract::test {
namespace {

using Warp = OnGpu;
constexpr unsigned kAll = 0xffffffffu;
const Geometry kOneWarp{{1}, {32}};

__global__ void shuffle_all(int by, int width, int* out) {
  const int lane = static_cast<int>(threadIdx.x), value = 100 + lane;
  out[lane] = __shfl_sync(kAll, value, by, width);
  out[32 + lane] = __shfl_up_sync(kAll, value, static_cast<unsigned>(by), width);
  out[64 + lane] = __shfl_down_sync(kAll, value, static_cast<unsigned>(by), width);
  out[96 + lane] = __shfl_xor_sync(kAll, value, by, width);
}

// A lane whose source is outside its segment keeps its own value; only xor may also read from an earlier segment.
TEST_F(Warp, ShufflesStayInTheirSegment) {
  for (const int width : {1, 2, 4, 8, 16, 32})
    for (const int by : {0, 1, 2, 3, 5, 8, 15, 16, 31}) {
      const std::vector<int> out = run<int>(shuffle_all, kOneWarp, 128, by, width);
      for (int lane = 0; lane < 32; ++lane) {
        const int segment = lane / width, place = lane % width;
        const int idx = segment * width + by % width;
        const int up = place - by >= 0 ? lane - by : lane;
        const int down = place + by < width ? lane + by : lane;
        const int other = lane ^ by;
        const int bfly = other / width <= segment ? other : lane;
        const auto got = [&](int row) { return out[static_cast<std::size_t>(32 * row + lane)] - 100; };
        ASSERT_EQ(got(0), idx) << "width " << width << ", by " << by;
        ASSERT_EQ(got(1), up) << "width " << width << ", by " << by << ", lane " << lane;
        ASSERT_EQ(got(2), down) << "width " << width << ", by " << by << ", lane " << lane;
        ASSERT_EQ(got(3), bfly) << "width " << width << ", by " << by << ", lane " << lane;
      }
    }
}

__global__ void sum_by_butterfly(double* out) {
  double sum = 1.0 / (1 + static_cast<int>(threadIdx.x) % 32);
  for (int by = 16; by > 0; by /= 2) sum += __shfl_xor_sync(kAll, sum, by);
  out[threadIdx.x] = sum;
}

TEST_F(Warp, ShufflesDoubles) {
  double want = 0;
  for (int i = 1; i <= 32; ++i) want += 1.0 / i;
  for (const double got : run<double>(sum_by_butterfly, {{1}, {64}}, 64)) EXPECT_NEAR(got, want, 1e-14);
}

// The two halves of the warp make different calls, at different times.
__global__ void halves(unsigned* out) {
  const unsigned lane = threadIdx.x;
  unsigned sum = lane;
  if (lane < 16) {
    for (int by = 8; by > 0; by /= 2) sum += __shfl_down_sync(0x0000ffffu, sum, static_cast<unsigned>(by));
  } else {
    sum = __ballot_sync(0xffff0000u, lane % 3 == 0);
  }
  __syncwarp();
  out[lane] = __shfl_sync(kAll, sum, lane < 16 ? 31 : 0);
}

TEST_F(Warp, HalvesGoTheirOwnWay) {
  const std::vector<unsigned> out = run<unsigned>(halves, kOneWarp, 32);
  for (unsigned lane = 0; lane < 32; ++lane) EXPECT_EQ(out[lane], lane < 16 ? 0x49240000u : 120u);
}

__global__ void votes(unsigned* out) {
  const unsigned lane = threadIdx.x;
  out[lane] = __ballot_sync(kAll, lane % 5 == 0);
  out[32 + lane] = static_cast<unsigned>(__any_sync(kAll, lane == 7) * 1000 + __any_sync(kAll, lane > 31) * 100 +
                                         __all_sync(kAll, lane < 32) * 10 + __all_sync(kAll, lane != 7));
}

TEST_F(Warp, Votes) {
  const std::vector<unsigned> out = run<unsigned>(votes, kOneWarp, 64);
  for (std::size_t lane = 0; lane < 32; ++lane) {
    EXPECT_EQ(out[lane], 0x42108421u);
    EXPECT_EQ(out[32 + lane], 1010u);
  }
}

#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800
__global__ void reductions(int* out) {
  const int lane = static_cast<int>(threadIdx.x), value = (lane * 7) % 32 - 16;
  const unsigned word = 0xf0f0f000u | 1u << lane % 12;
  out[lane] = __reduce_add_sync(kAll, value);
  out[32 + lane] = __reduce_min_sync(kAll, value);
  out[64 + lane] = __reduce_max_sync(kAll, value);
  out[96 + lane] = static_cast<int>(__reduce_min_sync(kAll, static_cast<unsigned>(value)));
  out[128 + lane] = static_cast<int>(__reduce_and_sync(kAll, word));
  out[160 + lane] = static_cast<int>(__reduce_or_sync(kAll, word));
  out[192 + lane] = static_cast<int>(__reduce_xor_sync(kAll, word));
}
#else
__global__ void reductions(int*) {}
#endif

TEST_F(Warp, Reductions) {
  const std::vector<int> out = run<int>(reductions, kOneWarp, 224);
  for (std::size_t lane = 0; lane < 32; ++lane) {
    EXPECT_EQ(out[lane], -16);
    EXPECT_EQ(out[32 + lane], -16);
    EXPECT_EQ(out[64 + lane], 15);
    EXPECT_EQ(out[96 + lane], 0);  // as unsigned numbers, the negative values are large
    EXPECT_EQ(static_cast<unsigned>(out[128 + lane]), 0xf0f0f000u);
    EXPECT_EQ(static_cast<unsigned>(out[160 + lane]), 0xf0f0ffffu);
    EXPECT_EQ(static_cast<unsigned>(out[192 + lane]), 0x000000ffu);
  }
}

}  // namespace
}  // namespace cutract::test
