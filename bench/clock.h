#pragma once

#include <functional>
#include <memory>

#include "host/device/exec.h"

namespace cutract::bench {

// Wall-clock seconds until all work queued by fn is done.
double wall_seconds(Exec&, const std::function<void()>& fn);

// Seconds of the work that fn queues on a GPU, measured between two events on its stream. Time in which a host is slow
// to queue work is included; time in which it only waits is not. For an emulated GPU this is the wall clock.
class GpuClock {
 public:
  explicit GpuClock(GpuExec&);
  ~GpuClock();
  GpuClock(GpuClock&&) noexcept;
  GpuClock& operator=(GpuClock&&) noexcept;
  double seconds(const std::function<void()>& fn);
  void flush_cache();  // overwrites the contents of the L2 cache

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cutract::bench
