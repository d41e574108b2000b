#pragma once

#include <string>
#include <vector>

#include "host/device/exec.h"

namespace cutract {

// Describes a GPU, its driver and its libraries for people, one line each: {"driver", "580.65.06, for CUDA 13.0"}. A
// library that is not found is reported as missing. Throws only if the driver itself fails.
struct GpuFact {
  std::string name, text;
};
std::vector<GpuFact> gpu_facts(const GpuExec&);

}  // namespace cutract
