#pragma once

#include <limits>

#include "host/core/view.h"

namespace cutract {

// The memory of the emulated GPU, for tests of what happens when it runs out. CUTRACT_EMULATOR_MEMORY=bytes sets the
// limit from outside.
struct EmulatedMemory {
  Index limit = std::numeric_limits<Index>::max();  // bytes
  Index failing = 0;                                // the n-th allocation from now on fails, counted from 1; 0: none
};
void set_emulated_memory(const EmulatedMemory&);  // begins to count anew
Index emulated_allocations();                     // since then, with those that failed
Index emulated_bytes();                           // allocated now

}  // namespace cutract
