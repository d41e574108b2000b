#include "bench/floor.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <limits>

#include "kernels/isa.h"

namespace cutract::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr Index kRounds = 200'000;
constexpr int kChains =
    12;  // independent sums: enough to hide 4 cycles of latency in 2 pipes, few enough for 16 registers

template <Isa isa>
struct Vector {
  typedef float type __attribute__((vector_size(4 * lanes_of(isa))));
};

// Each round updates one vector of each chain by a fused multiply-add. The factor keeps the sums finite.
template <Isa isa>
CUTRACT_INLINE void fma_chains_body(float start, float* out) {
  using V = typename Vector<isa>::type;
  std::array<V, kChains> sum;
  for (int k = 0; k < kChains; ++k) sum[static_cast<std::size_t>(k)] = V{} + (start + static_cast<float>(k));
  const V factor = V{} + 0.999f, term = V{} + start;
  for (Index i = 0; i < kRounds; ++i) {
#pragma GCC unroll 12
    for (auto& s : sum) s = s * factor + term;
  }
  V all{};
  for (const V& s : sum) all += s;
  *out = all[0];
}
CUTRACT_TARGET_AVX512 void fma_chains_avx512(float start, float* out) { fma_chains_body<Isa::avx512>(start, out); }
CUTRACT_TARGET_AVX2 void fma_chains_avx2(float start, float* out) { fma_chains_body<Isa::avx2>(start, out); }
void fma_chains_portable(float start, float* out) { fma_chains_body<Isa::portable>(start, out); }

double best_seconds(int repeats, const std::function<void()>& fn) {
  double best = std::numeric_limits<double>::infinity();
  for (int i = 0; i < repeats; ++i) {
    const auto began = Clock::now();
    fn();
    best = std::min(best, std::chrono::duration<double>(Clock::now() - began).count());
  }
  return best;
}

double fma_rate(const CpuExec& ex, void (*chains)(float, float*), int lanes) {
  const Index tasks = ex.threads();
  std::vector<float> sums(static_cast<std::size_t>(tasks));
  const double s = best_seconds(100, [&] {
    ex.parallel(tasks, [&](Index t) { chains(1.0f + static_cast<float>(t), &sums[static_cast<std::size_t>(t)]); });
  });
  // Reads the sums, so that the compiler cannot drop the work.
  const bool finite = std::all_of(sums.begin(), sums.end(), [](float v) { return v > 0; });
  return finite ? 2.0 * lanes * kChains * static_cast<double>(kRounds * tasks) / s : 0;
}

double stream_rate(const CpuExec& ex) {
  constexpr std::size_t kFloats = std::size_t{16} << 20;  // 64 MiB per array
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

double Floor::seconds(const Work& work) const {
  const double peak = work.precision == Precision::bf16 ? bf16 : work.precision == Precision::tf32 ? tf32 : fp32;
  return std::max(work.flops / peak, work.bytes / bytes_per_s);
}

Floor measure_floor(Exec& any) {
  if (std::holds_alternative<GpuExec>(any)) return measure_gpu_floor(any);
  const CpuExec& ex = std::get<CpuExec>(any);
  Floor floor;
  using Chains = std::pair<Isa, void (*)(float, float*)>;
  for (const auto& [isa, chains] : {Chains{Isa::portable, fma_chains_portable}, Chains{Isa::avx2, fma_chains_avx2},
                                    Chains{Isa::avx512, fma_chains_avx512}})
    if (isa <= cpu_isa()) {
      floor.fp32 = floor.tf32 = floor.bf16 = fma_rate(ex, chains, lanes_of(isa));
      floor.peaks.emplace_back(name_of(isa), floor.fp32);
    }
  floor.bytes_per_s = stream_rate(ex);
  return floor;
}

}  // namespace cutract::bench
