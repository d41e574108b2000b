#pragma once

#include "host/device/exec.h"

namespace cutract {

// A matrix in BLAS terms: row-major with a leading dimension, read as its transpose if `transposed`.
struct GemmOperand {
  const float* data;
  Index ld;
  bool transposed = false;
};

// C[m,n] = A[m,k] B[k,n] + (add ? C : 0). C is divided into tiles of 128 rows, and each tile is one single-threaded
// OpenBLAS call, so the bits do not depend on the thread count. Not an op: the ops' CPU files call it.
void gemm(const CpuExec&, Index m, Index n, Index k, GemmOperand a, GemmOperand b, bool add, float* c, Index ldc);

}  // namespace cutract
