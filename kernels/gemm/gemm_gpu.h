#pragma once

#include "host/device/exec.h"
#include "kernels/gemm/gemm_cpu.h"  // GemmOperand
#include "kernels/precision.h"

namespace cutract {

// The product of gemm_cpu.h on the device, by cuBLAS. Where the GPU is emulated, it is the CPU's product, in fp32
// whatever the precision.
void gemm(GpuExec&, Index m, Index n, Index k, GemmOperand a, GemmOperand b, bool add, float* c, Index ldc,
          Precision = Precision::fp32);

}  // namespace cutract
