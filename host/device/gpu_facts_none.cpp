// Builds without CUDA: an emulated GPU has only a name.
#include "host/device/gpu_facts.h"

namespace cutract {

std::vector<GpuFact> gpu_facts(const GpuExec& ex) { return {{"GPU", ex.name()}}; }

}  // namespace cutract
