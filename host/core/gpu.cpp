#include <array>
#include <cstdlib>
#include <string>

#include "host/core/cuda_check.h"
#include "host/core/error.h"
#include "host/core/exec.h"
#include "host/core/log.h"
#include "host/core/memory.h"

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

bool gpu_is_emulated() { return false; }

struct GpuExec::Impl {
  int device = 0, capability = 0;
  cudaStream_t stream = nullptr;
  cublasHandle_t blas = nullptr;
  double* workspace = nullptr;
  Index workspace_size = 0;
  std::array<std::shared_ptr<void>, 2> libraries;
  ~Impl() {
    libraries = {};
    check_nothrow(cudaFree(workspace), "cudaFree");
    if (blas) cublasDestroy(blas);
    if (stream) check_nothrow(cudaStreamDestroy(stream), "cudaStreamDestroy");
  }
};

GpuExec::GpuExec(int device) : impl_(std::make_unique<Impl>()) {
  if (const std::string why = why_no_gpu(); !why.empty()) fail(Fault::device, "no GPU: " + why + "; use --device cpu");
  int count = 0;
  check(cudaGetDeviceCount(&count), "cudaGetDeviceCount");
  if (device < 0 || device >= count)
    fail(Fault::device, "GPU " + std::to_string(device) + ": this machine has " + std::to_string(count) +
                            ", numbered from 0; use --device cuda:N with one of them");
  impl_->device = device;
  check(cudaSetDevice(device), "cudaSetDevice");
  int major = 0, minor = 0;
  check(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device), "cudaDeviceGetAttribute");
  check(cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, device), "cudaDeviceGetAttribute");
  impl_->capability = 10 * major + minor;
  check(cudaStreamCreateWithFlags(&impl_->stream, cudaStreamNonBlocking), "cudaStreamCreate");
  check(cublasCreate(&impl_->blas), "cublasCreate");
  check(cublasSetStream(impl_->blas, impl_->stream), "cublasSetStream");
}
GpuExec::~GpuExec() = default;
GpuExec::GpuExec(GpuExec&&) noexcept = default;
GpuExec& GpuExec::operator=(GpuExec&&) noexcept = default;
cudaStream_t GpuExec::stream() const { return impl_->stream; }
cublasHandle_t GpuExec::blas() const { return impl_->blas; }

std::string GpuExec::name() const {
  cudaDeviceProp properties{};
  check(cudaGetDeviceProperties(&properties, impl_->device), "cudaGetDeviceProperties");
  return "GPU " + std::to_string(impl_->device) + ", " + properties.name;
}
int GpuExec::capability() const { return impl_->capability; }
double* GpuExec::workspace(Index n) {
  if (n > impl_->workspace_size) {
    check(cudaStreamSynchronize(impl_->stream), "workspace");  // who had it before may still use it
    check(cudaFree(impl_->workspace), "workspace");
    impl_->workspace = nullptr, impl_->workspace_size = 0;
    void* at = nullptr;
    check(cudaMalloc(&at, static_cast<std::size_t>(n) * sizeof(double)), "workspace");
    impl_->workspace = static_cast<double*>(at), impl_->workspace_size = n;
  }
  return impl_->workspace;
}

std::shared_ptr<void>& GpuExec::library(Library l) { return impl_->libraries.at(static_cast<std::size_t>(l)); }

std::byte* gpu_allocate(GpuExec&, Index bytes) {
  void* at = nullptr;
  check(cudaMalloc(&at, static_cast<std::size_t>(bytes)), "cudaMalloc");
  return static_cast<std::byte*>(at);
}
void gpu_free(std::byte* at) noexcept { check_nothrow(cudaFree(at), "cudaFree"); }
void gpu_copy(GpuExec& ex, void* to, const void* from, Index bytes) {
  check(cudaMemcpyAsync(to, from, static_cast<std::size_t>(bytes), cudaMemcpyDefault, ex.stream()), "cudaMemcpyAsync");
  check(cudaStreamSynchronize(ex.stream()), "cudaMemcpyAsync");
}
void gpu_clear(GpuExec& ex, void* at, Index bytes) {
  check(cudaMemsetAsync(at, 0, static_cast<std::size_t>(bytes), ex.stream()), "cudaMemsetAsync");
}

}  // namespace cutract
