#include "host/device/gpu_faults.h"

#include <fmt/format.h>

#include <cstdlib>

#include "host/core/error.h"

namespace cutract {
namespace {

double mib(Index bytes) { return static_cast<double>(bytes) / (1 << 20); }

std::string version(int cuda) { return fmt::format("{}.{}", cuda / 1000, cuda % 1000 / 10); }

}  // namespace

void fail_out_of_gpu_memory(std::string_view what, Index wanted, DeviceMemory m) {
  const std::string room = m.total < 0 ? "" : fmt::format(", {:.1f} of {:.1f} MiB are free", mib(m.free), mib(m.total));
  fail(Fault::memory, fmt::format("out of GPU memory for {}: wanted {:.1f} MiB{}", what, mib(wanted), room));
}

void fail_out_of_memory(std::string_view what, Index wanted) {
  fail(Fault::memory, fmt::format("out of memory for {}: wanted {:.1f} MiB", what, mib(wanted)));
}

std::string why_no_cuda(int driver, int runtime, std::string_view error) {
  if (driver == 0) return "no NVIDIA driver is installed";
  if (driver / 1000 < runtime / 1000)
    return fmt::format("the NVIDIA driver is too old: it supports CUDA {}, this build needs {}; update the driver",
                       version(driver), version(runtime));
  return std::string(error);
}

bool sync_every_launch() {
  const char* v = std::getenv("CUTRACT_SYNC");
  return v && *v == '1';
}

std::string lost_gpu(std::string_view where, std::string_view error) {
  return fmt::format("{}: {}; this process has lost the GPU (CUTRACT_SYNC=1 would name the kernel that failed)", where,
                     error);
}

}  // namespace cutract
