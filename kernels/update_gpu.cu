#include "kernels/simt/simt.cuh"
#include "kernels/update.h"

namespace cutract {
namespace {

// One thread does everything: a few dozen operations.
__global__ void update_kernel(UpdateArgs a) { update_record(a); }

}  // namespace

void update(GpuExec& ex, const UpdateArgs& a) { launch(ex, "update", update_kernel, 1u, 1, a); }

}  // namespace cutract
