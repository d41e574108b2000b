#pragma once

#include <string>
#include <string_view>

#include "host/core/error.h"
#include "host/core/view.h"

// Messages about a GPU that failed, one sentence each. There is no CUDA here, so that every build tests them. What to
// change depends on the command, so the command line adds that.
namespace cutract {

// Bytes of a device; -1: not known.
struct DeviceMemory {
  Index free = -1, total = -1;
};
// Throws Fault::memory. `what` is what the memory was for: "the activations of a step".
[[noreturn]] void fail_out_of_gpu_memory(std::string_view what, Index wanted_bytes, DeviceMemory);
[[noreturn]] void fail_out_of_memory(std::string_view what, Index wanted_bytes);  // for host memory

// Says why CUDA does not start, from its error and its version numbers in CUDA's form (13000 is 13.0); driver 0: no
// driver is installed.
std::string why_no_cuda(int driver, int runtime, std::string_view error);

// Whether the environment has CUTRACT_SYNC=1: every launch is then followed by a synchronisation, so that an error is
// reported where it occurred.
bool sync_every_launch();

// After this error the process can no longer use the GPU, but a new one can.
class GpuLost : public Error {
  using Error::Error;
};
// Returns its message.
std::string lost_gpu(std::string_view where, std::string_view error);

}  // namespace cutract
