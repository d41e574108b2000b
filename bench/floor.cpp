#include "bench/floor.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <limits>

namespace cutract::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr Index kRounds = 200'000;
constexpr int kChains =
    12;  // independent sums: enough to hide 4 cycles of latency in 2 pipes, few enough for 16 registers

template <int Bytes>
struct Lanes {
  typedef float type __attribute__((vector_size(Bytes)));
};

// One vector of each chain is updated by a fused multiply-add per round. The factor keeps the sums finite.
template <int Bytes>
[[gnu::always_inline]] inline float fma_chains(float start) {
  using V = typename Lanes<Bytes>::type;
  std::array<V, kChains> sum;
  for (int k = 0; k < kChains; ++k) sum[static_cast<std::size_t>(k)] = V{} + (start + static_cast<float>(k));
  const V factor = V{} + 0.999f, term = V{} + start;
  for (Index i = 0; i < kRounds; ++i) {
#pragma GCC unroll 12
    for (auto& s : sum) s = s * factor + term;
  }
  V all{};
  for (const V& s : sum) all += s;
  return all[0];
}

#if defined(__x86_64__)
[[gnu::noinline, gnu::target("arch=x86-64-v4")]] float fma_avx512(float x) { return fma_chains<64>(x); }
[[gnu::noinline, gnu::target("arch=x86-64-v3")]] float fma_avx2(float x) { return fma_chains<32>(x); }
#endif
[[gnu::noinline]] float fma_baseline(float x) { return fma_chains<16>(x); }

double best_seconds(int repeats, const std::function<void()>& fn) {
  double best = std::numeric_limits<double>::infinity();
  for (int i = 0; i < repeats; ++i) {
    const auto began = Clock::now();
    fn();
    best = std::min(best, std::chrono::duration<double>(Clock::now() - began).count());
  }
  return best;
}

double fma_rate(const CpuExec& ex, float (*chains)(float), int lanes) {
  const Index tasks = ex.threads();
  std::vector<float> sums(static_cast<std::size_t>(tasks));
  const double s = best_seconds(100, [&] {
    ex.parallel(tasks, [&](Index t) { sums[static_cast<std::size_t>(t)] = chains(1.0f + static_cast<float>(t)); });
  });
  // A sum that nobody reads would let the compiler drop the work.
  const bool finite = std::all_of(sums.begin(), sums.end(), [](float v) { return v > 0; });
  return finite ? 2.0 * lanes * kChains * static_cast<double>(kRounds * tasks) / s : 0;
}

double stream_rate(const CpuExec& ex) {
  constexpr std::size_t kFloats = std::size_t{16} << 20;  // 64 MiB an array
  const Index tasks = ex.threads();
  std::vector<float> a(kFloats), b(kFloats, 1.0f), c(kFloats, 2.0f);
  const double s = best_seconds(10, [&] {
    ex.parallel(tasks, [&](Index t) {
      const std::size_t part = kFloats / static_cast<std::size_t>(tasks), from = part * static_cast<std::size_t>(t);
      for (std::size_t i = from; i < from + part; ++i) a[i] = b[i] + 3.0f * c[i];
    });
  });
  return a.front() > 0 ? 3.0 * sizeof(float) * kFloats / s : 0;
}

}  // namespace

double Floor::seconds(double work_flops, double work_bytes) const {
  return std::max(work_flops / flops, work_bytes / bytes_per_s);
}

Floor measure_floor(const CpuExec& ex) {
  Floor floor;
  floor.fma.emplace_back("baseline", fma_rate(ex, fma_baseline, 4));
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    floor.fma.emplace_back("avx2", fma_rate(ex, fma_avx2, 8));
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl"))
    floor.fma.emplace_back("avx512", fma_rate(ex, fma_avx512, 16));
#endif
  for (const auto& [isa, rate] : floor.fma) floor.flops = std::max(floor.flops, rate);
  floor.bytes_per_s = stream_rate(ex);
  return floor;
}

}  // namespace cutract::bench
