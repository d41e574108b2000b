#include <cstdlib>
#include <string>

#include "host/core/cuda_check.h"
#include "host/core/error.h"
#include "host/core/exec.h"
#include "host/core/log.h"

namespace cutract {

void check(cudaError_t e, const char* what) {
  if (e == cudaSuccess) return;
  (void)cudaGetLastError();
  fail(e == cudaErrorMemoryAllocation ? Fault::memory : Fault::device,
       std::string(what) + ": " + cudaGetErrorName(e) + " (" + cudaGetErrorString(e) + ")");
}

void check(cublasStatus_t s, const char* what) {
  if (s != CUBLAS_STATUS_SUCCESS) fail(Fault::device, std::string(what) + ": " + cublasGetStatusString(s));
}

void check_nothrow(cudaError_t e, const char* what) noexcept {
  if (e == cudaSuccess) return;
  try {
    log::warn(std::string(what) + ": " + cudaGetErrorString(e));
  } catch (...) {  // a destructor is running: losing the line is the lesser evil
    return;
  }
}

bool sync_every_launch() {
  static const bool on = [] {
    const char* v = std::getenv("CUTRACT_SYNC");
    return v && *v == '1';
  }();
  return on;
}

std::string why_no_gpu() {
  int n = 0;
  if (const cudaError_t e = cudaGetDeviceCount(&n); e != cudaSuccess) {  // leaves n unwritten on error
    (void)cudaGetLastError();
    return cudaGetErrorString(e);
  }
  return n > 0 ? "" : "no CUDA device";
}

struct GpuExec::Impl {
  cudaStream_t stream = nullptr;
  cublasHandle_t blas = nullptr;
  ~Impl() {
    if (blas) cublasDestroy(blas);
    if (stream) check_nothrow(cudaStreamDestroy(stream), "cudaStreamDestroy");
  }
};

GpuExec::GpuExec(int device) : impl_(std::make_unique<Impl>()) {
  if (const std::string why = why_no_gpu(); !why.empty()) fail(Fault::device, "no GPU: " + why + "; use --device cpu");
  check(cudaSetDevice(device), "cudaSetDevice");
  check(cudaStreamCreateWithFlags(&impl_->stream, cudaStreamNonBlocking), "cudaStreamCreate");
  check(cublasCreate(&impl_->blas), "cublasCreate");
  check(cublasSetStream(impl_->blas, impl_->stream), "cublasSetStream");
}
GpuExec::~GpuExec() = default;
GpuExec::GpuExec(GpuExec&&) noexcept = default;
GpuExec& GpuExec::operator=(GpuExec&&) noexcept = default;
cudaStream_t GpuExec::stream() const { return impl_->stream; }
cublasHandle_t GpuExec::blas() const { return impl_->blas; }

}  // namespace cutract
