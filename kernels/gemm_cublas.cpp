#include "host/core/cuda_check.h"
#include "kernels/gemm_gpu.h"

namespace cutract {

// cuBLAS counts columns first, so it is asked for the transpose: C^T = B^T A^T, with rows and columns as they lie.
void gemm(GpuExec& ex, Index m, Index n, Index k, GemmOperand a, GemmOperand b, bool add, float* c, Index ldc) {
  if (m == 0 || n == 0) return;
  const float one = 1, beta = add ? 1.0f : 0.0f;
  const auto dim = [](Index v) { return static_cast<int>(v); };
  check(cublasSgemm(ex.blas(), b.transposed ? CUBLAS_OP_T : CUBLAS_OP_N, a.transposed ? CUBLAS_OP_T : CUBLAS_OP_N,
                    dim(n), dim(m), dim(k), &one, b.data, dim(b.ld), a.data, dim(a.ld), &beta, c, dim(ldc)),
        "gemm");
}

}  // namespace cutract
