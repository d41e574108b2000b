#pragma once

#include <functional>
#include <memory>

#include "host/core/exec.h"

namespace cutract {

// Work that an executor repeats: captured once (a CUDA graph on a GPU), then launched as one thing. `work` queues ops
// and nothing else: it takes no memory and copies nothing to or from the host (Fault::internal on the emulated GPU, the
// driver's error on a real one). What changes from launch to launch it must read from the executor's memory. On the CPU
// it is called at every launch.
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
