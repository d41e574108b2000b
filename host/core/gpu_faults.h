#pragma once

#include <string>
#include <string_view>

#include "host/core/view.h"

// Messages about a GPU that failed: one sentence each. No CUDA here, so that every build tests them. What to change
// depends on the command, so the command line adds that.
namespace cutract {

// Bytes of a device, or -1: not known.
struct DeviceMemory {
  Index free = -1, total = -1;
};
// Fault::memory. `what` the memory was for: "the activations of a step".
[[noreturn]] void fail_out_of_gpu_memory(std::string_view what, Index wanted_bytes, DeviceMemory);
[[noreturn]] void fail_out_of_memory(std::string_view what, Index wanted_bytes);  // the host's

// Why CUDA does not start, from its error and versions as CUDA numbers them (13000 is 13.0); driver 0: none is
// installed.
std::string why_no_cuda(int driver, int runtime, std::string_view error);

// CUTRACT_SYNC=1: every launch is followed by a synchronisation, so that an error is reported where it was made.
bool sync_every_launch();

// The message for a GPU fault after which this process cannot use the GPU any more.
std::string lost_gpu(std::string_view where, std::string_view error);

}  // namespace cutract
