#pragma once

#include <functional>
#include <memory>

#include "host/device/exec.h"

namespace cutract {

// Work that an executor repeats: captured once (as a CUDA graph on a GPU), then launched as a unit. `work` must only
// queue ops: it allocates no memory and copies nothing to or from the host (this gives Fault::internal on the emulated
// GPU, and the driver's error on a real one). Values that change between launches must be read from the executor's
// memory. On the CPU, `work` is called at every launch.
class Graph {
 public:
  Graph(Exec&, std::function<void()> work);
  ~Graph();
  Graph(Graph&&) noexcept;
  Graph& operator=(Graph&&) noexcept;
  void launch(Exec&);

 private:
  struct Captured;
  std::function<void()> work_;
  std::unique_ptr<Captured> captured_;
};

}  // namespace cutract
