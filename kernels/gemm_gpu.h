#pragma once

#include "host/core/exec.h"
#include "kernels/gemm_cpu.h"  // GemmOperand
#include "kernels/precision.h"

namespace cutract {

// C[m,n] = A[m,k] B[k,n] + (add ? C : 0) in device memory: cuBLAS, or the CPU's gemm where the GPU is emulated, which
// is fp32 in any precision. Not an op: the ops' GPU files call it.
void gemm(GpuExec&, Precision, Index m, Index n, Index k, GemmOperand a, GemmOperand b, bool add, float* c, Index ldc);

}  // namespace cutract
