// The clocks for a build without CUDA, where work is done when the call that queued it returns.
#include <chrono>

#include "bench/clock.h"

namespace cutract::bench {

double wall_seconds(Exec&, const std::function<void()>& fn) {
  const auto began = std::chrono::steady_clock::now();
  fn();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

struct GpuClock::Impl {};
GpuClock::GpuClock(GpuExec&) : impl_(std::make_unique<Impl>()) {}
GpuClock::~GpuClock() = default;
GpuClock::GpuClock(GpuClock&&) noexcept = default;
GpuClock& GpuClock::operator=(GpuClock&&) noexcept = default;

double GpuClock::seconds(const std::function<void()>& fn) {
  const auto began = std::chrono::steady_clock::now();
  fn();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}
void GpuClock::flush_cache() {}

}  // namespace cutract::bench
