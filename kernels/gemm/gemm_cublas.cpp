#include "kernels/gemm/gemm_gpu.h"

#include <cublas_v2.h>

#include "host/device/cuda_check.h"

namespace cutract {
namespace {

cublasComputeType_t compute_type(Precision p) {
  if (p == Precision::bf16) return CUBLAS_COMPUTE_32F_FAST_16BF;
  return p == Precision::tf32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F;
}

}  // namespace

void gemm(GpuExec& ex, Index m, Index n, Index k, GemmOperand a, GemmOperand b, bool add, float* c, Index ldc,
          Precision p) {
  if (m == 0 || n == 0) return;
  const auto dim = [](Index v) { return static_cast<int>(v); };
  const auto op = [](const GemmOperand& v) { return v.transposed ? CUBLAS_OP_T : CUBLAS_OP_N; };
  const float one = 1, beta = add ? 1.0f : 0.0f;
  // cuBLAS is column-major: a row-major matrix is its transpose there, so C^T = B^T A^T is computed.
  check(cublasGemmEx(ex.blas(), op(b), op(a), dim(n), dim(m), dim(k), &one, b.data, CUDA_R_32F, dim(b.ld), a.data,
                     CUDA_R_32F, dim(a.ld), &beta, c, CUDA_R_32F, dim(ldc), compute_type(p), CUBLAS_GEMM_DEFAULT),
        "gemm");
}

}  // namespace cutract
