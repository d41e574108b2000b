#pragma once

#include <functional>
#include <limits>

#include "host/core/exec.h"

// In a build with the emulated GPU: its stream and its memory.
namespace cutract {

// Runs it now, or, while a graph is captured, whenever that is launched.
void submit(GpuExec&, std::function<void()> work);

// How much memory it has, for tests of what happens when that runs out. CUTRACT_EMULATOR_MEMORY=bytes sets the limit
// from outside.
struct EmulatedMemory {
  Index limit = std::numeric_limits<Index>::max();  // bytes
  Index failing = 0;                                // the n-th allocation from now on fails, counted from 1; 0: none
};
void set_emulated_memory(const EmulatedMemory&);  // begins to count anew
Index emulated_allocations();                     // since then, with those that failed
Index emulated_bytes();                           // allocated now

}  // namespace cutract
