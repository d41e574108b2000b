#pragma once

#include "host/core/exec.h"
#include "kernels/gemm_cpu.h"  // GemmOperand

namespace cutract {

// As gemm_cpu.h on the device, in full float: cuBLAS, or the CPU's where the GPU is emulated.
void gemm(GpuExec&, Index m, Index n, Index k, GemmOperand a, GemmOperand b, bool add, float* c, Index ldc);

}  // namespace cutract
