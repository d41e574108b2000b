#pragma once

#include <functional>
#include <limits>

#include "host/device/exec.h"

// In a build with the emulated GPU: its stream and its memory.
namespace cutract {

// Runs `work` now or, while a graph is being captured, at each launch of that graph.
void submit(GpuExec&, std::function<void()> work);

// The amount of emulated memory, to test what happens when it runs out. The environment variable
// CUTRACT_EMULATOR_MEMORY=bytes sets the limit too.
struct EmulatedMemory {
  Index limit = std::numeric_limits<Index>::max();  // bytes
  Index failing = 0;  // the n-th allocation from now on fails, counted from 1; 0: none fails
};
void set_emulated_memory(const EmulatedMemory&);  // restarts the count of allocations
Index emulated_allocations();                     // since then, including failed ones
Index emulated_bytes();                           // currently allocated

}  // namespace cutract
