#include <algorithm>
#include <limits>

#include "bench/clock.h"
#include "bench/floor.h"
#include "host/device/memory.h"
#include "kernels/simt/simt.cuh"

// The peak rates of a GPU, against which its cases are compared. An emulated GPU runs each measurement once, only as a
// test.
namespace cutract::bench {
namespace {

constexpr int kBlock = 256, kChains = 8;  // independent sums per thread or warp, to hide latency
using Kernel = void (*)(int, float*);

// One thread owns kChains sums and adds a fused multiply-add to each per round; the factor keeps them finite.
__global__ void __launch_bounds__(kBlock) fma_kernel(int rounds, float* out) {
  const float start = 1.0f + static_cast<float>(threadIdx.x) * 1e-3f;
  float sum[kChains];
  for (int k = 0; k < kChains; ++k) sum[k] = start + static_cast<float>(k);
  for (int i = 0; i < rounds; ++i)
#pragma unroll
    for (int k = 0; k < kChains; ++k) sum[k] = sum[k] * 0.999f + start;
  float all = 0;
  for (int k = 0; k < kChains; ++k) all += sum[k];
  out[blockIdx.x * kBlock + threadIdx.x] = all;
}

// One warp owns kChains tiles of 16 x 8 sums; the factors stay in its registers.
template <class Mma>
__device__ void tile_rounds(int rounds, float* out, Mma mma) {
  const simt::Word word = simt::pack_bf16(0.001f * static_cast<float>(threadIdx.x % 32 + 1), 0.25f);
  const simt::Word a[4] = {word, word, word, word}, b[2] = {word, word};
  float sum[kChains][4] = {};
  for (int i = 0; i < rounds; ++i)
#pragma unroll
    for (int k = 0; k < kChains; ++k) mma(sum[k], a, b);
  float all = 0;
  for (int k = 0; k < kChains; ++k)
    for (int j = 0; j < 4; ++j) all += sum[k][j];
  out[blockIdx.x * kBlock + threadIdx.x] = all;
}
using Tile = float (&)[4];
using FactorA = const simt::Word (&)[4];
using FactorB = const simt::Word (&)[2];
__global__ void __launch_bounds__(kBlock) bf16_kernel(int rounds, float* out) {
  tile_rounds(rounds, out, [](Tile d, FactorA a, FactorB b) { simt::mma_bf16(d, a, b); });
}
__global__ void __launch_bounds__(kBlock) tf32_kernel(int rounds, float* out) {
  tile_rounds(rounds, out, [](Tile d, FactorA a, FactorB b) { simt::mma_tf32(d, a, b); });
}

// Each thread copies every (number of threads)-th element.
__global__ void __launch_bounds__(kBlock) copy_kernel(const float* from, float* to, Index n) {
  for (Index i = Index(blockIdx.x) * kBlock + threadIdx.x; i < n; i += Index(gridDim.x) * kBlock) to[i] = from[i];
}

double best_seconds(GpuClock& clock, const std::function<void()>& fn) {
  double best = std::numeric_limits<double>::infinity();
  for (int i = 0; i < (gpu_is_emulated() ? 1 : 20); ++i) best = std::min(best, clock.seconds(fn));
  return best;
}

}  // namespace

Floor measure_gpu_floor(Exec& any) {
  const bool real = !gpu_is_emulated();
  const int rounds = real ? 4096 : 2;
  const unsigned blocks = real ? 4096 : 2;
  const Index n = real ? Index{64} << 20 : 4096;
  Buffer<float> from(any, n);
  from.clear(any);
  const Buffer<float> to(any, n);
  auto& ex = std::get<GpuExec>(any);
  GpuClock clock(ex);
  const auto rate = [&](const char* name, Kernel kernel, double flops_per_thread) {
    const double s = best_seconds(clock, [&] { launch(ex, name, kernel, blocks, kBlock, rounds, to.data()); });
    return flops_per_thread * kChains * rounds * kBlock * blocks / s;
  };
  Floor floor;
  floor.fp32 = rate("floor fma", fma_kernel, 2);
  floor.tf32 = rate("floor tf32", tf32_kernel, 2.0 * 16 * 8 * 8 / 32);  // one warp computes a tile
  floor.bf16 = rate("floor bf16", bf16_kernel, 2.0 * 16 * 8 * 16 / 32);
  floor.peaks = {{"fp32", floor.fp32}, {"tf32", floor.tf32}, {"bf16", floor.bf16}};
  const double s =
      best_seconds(clock, [&] { launch(ex, "floor copy", copy_kernel, blocks, kBlock, from.data(), to.data(), n); });
  floor.bytes_per_s = 2.0 * sizeof(float) * static_cast<double>(n) / s;
  return floor;
}

}  // namespace cutract::bench
