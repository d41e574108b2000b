#pragma once

#include <string>
#include <vector>

#include "host/core/exec.h"

namespace cutract {

// What a GPU, its driver and its libraries are, a line each, for people: {"driver", "580.65.06, for CUDA 13.0"}. A
// library that is not to be found is named as missing; nothing throws but what the driver itself refuses.
struct GpuFact {
  std::string name, text;
};
std::vector<GpuFact> gpu_facts(const GpuExec&);

}  // namespace cutract
