#pragma once

#include <functional>

#include "host/core/exec.h"

// In a build with the emulated GPU: its stream.
namespace cutract {

// Runs it now, or, while a graph is captured, whenever that is launched.
void submit(GpuExec&, std::function<void()> work);

}  // namespace cutract
