// The clocks for a build with CUDA.
#include <chrono>

#include "bench/clock.h"
#include "host/device/cuda_check.h"
#include "host/device/memory.h"

namespace cutract::bench {
namespace {

constexpr Index kFlushFloats = Index{64} << 20;  // 256 MiB: several times the size of any current L2 cache

}  // namespace

double wall_seconds(Exec& ex, const std::function<void()>& fn) {
  const auto began = std::chrono::steady_clock::now();
  fn();
  if (const auto* gpu = std::get_if<GpuExec>(&ex)) check(cudaStreamSynchronize(gpu->stream()), "bench");
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

struct GpuClock::Impl {
  cudaStream_t stream;
  cudaEvent_t began = nullptr, ended = nullptr;
  void* other = nullptr;  // memory used to fill the cache
  explicit Impl(cudaStream_t s) : stream(s) {}
  ~Impl() {
    check_nothrow(cudaFree(other), "cudaFree");
    if (began) check_nothrow(cudaEventDestroy(began), "cudaEventDestroy");
    if (ended) check_nothrow(cudaEventDestroy(ended), "cudaEventDestroy");
  }
};
GpuClock::GpuClock(GpuExec& ex) : impl_(std::make_unique<Impl>(ex.stream())) {
  check(cudaEventCreate(&impl_->began), "cudaEventCreate");
  check(cudaEventCreate(&impl_->ended), "cudaEventCreate");
  check(cudaMalloc(&impl_->other, kFlushFloats * sizeof(float)), "bench: room to flush the L2 cache");
}
GpuClock::~GpuClock() = default;
GpuClock::GpuClock(GpuClock&&) noexcept = default;
GpuClock& GpuClock::operator=(GpuClock&&) noexcept = default;

double GpuClock::seconds(const std::function<void()>& fn) {
  check(cudaEventRecord(impl_->began, impl_->stream), "cudaEventRecord");
  fn();
  check(cudaEventRecord(impl_->ended, impl_->stream), "cudaEventRecord");
  check(cudaEventSynchronize(impl_->ended), "cudaEventSynchronize");
  float ms = 0;
  check(cudaEventElapsedTime(&ms, impl_->began, impl_->ended), "cudaEventElapsedTime");
  return static_cast<double>(ms) * 1e-3;
}

void GpuClock::flush_cache() {
  check(cudaMemsetAsync(impl_->other, 0, kFlushFloats * sizeof(float), impl_->stream), "bench: flush of the L2 cache");
}

}  // namespace cutract::bench
