#pragma once

#include "host/core/exec.h"
#include "kernels/gemm_cpu.h"  // GemmOperand
#include "kernels/precision.h"

namespace cutract {

// As gemm_cpu.h on the device: cuBLAS, or the CPU's where the GPU is emulated, which is fp32 in any precision.
void gemm(GpuExec&, Index m, Index n, Index k, GemmOperand a, GemmOperand b, bool add, float* c, Index ldc,
          Precision = Precision::fp32);

}  // namespace cutract
