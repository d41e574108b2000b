#pragma once

#include <functional>
#include <memory>

#include "host/core/exec.h"

namespace cutract::bench {

// By the wall clock, until all that fn queued is done.
double wall_seconds(Exec&, const std::function<void()>& fn);

// Seconds of the work that fn queues on a GPU: from event to event on its stream. A host that is slow to queue counts,
// one that only waits does not. The clock of an emulated GPU is the wall's.
class GpuClock {
 public:
  explicit GpuClock(GpuExec&);
  ~GpuClock();
  GpuClock(GpuClock&&) noexcept;
  GpuClock& operator=(GpuClock&&) noexcept;
  double seconds(const std::function<void()>& fn);
  void flush_cache();  // overwrites what the L2 cache holds

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cutract::bench
