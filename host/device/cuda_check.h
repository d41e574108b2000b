#pragma once

#include <cublas_v2.h>
#include <cuda_runtime_api.h>

#include <source_location>

namespace cutract {

// Throws Fault::memory or Fault::device; the text names the call and the CUDA error.
void check(cudaError_t, const char* what);
void check(cublasStatus_t, const char* what);

// For destructors: logs the error and continues.
void check_nothrow(cudaError_t, const char* what) noexcept;

}  // namespace cutract
