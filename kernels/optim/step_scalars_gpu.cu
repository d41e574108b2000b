#include "kernels/optim/step_scalars.h"
#include "kernels/simt/simt.cuh"

namespace cutract {
namespace {

// One thread does everything: a few dozen operations.
__global__ void step_scalars_kernel(StepScalarsArgs a) { judge_step(a); }

}  // namespace

void step_scalars(GpuExec& ex, const StepScalarsArgs& a) { launch(ex, "step_scalars", step_scalars_kernel, 1u, 1, a); }

}  // namespace cutract
