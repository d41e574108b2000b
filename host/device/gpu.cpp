#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "host/core/error.h"
#include "host/core/log.h"
#include "host/device/cuda_check.h"
#include "host/device/exec.h"
#include "host/device/gpu_faults.h"
#include "host/device/graph.h"
#include "host/device/memory.h"

namespace cutract {

namespace {

// Errors of the context: every later call returns them again, whatever that call is.
bool is_sticky(cudaError_t e) {
  constexpr std::array kSticky{cudaErrorIllegalAddress,   cudaErrorIllegalInstruction,  cudaErrorMisalignedAddress,
                               cudaErrorInvalidPc,        cudaErrorInvalidAddressSpace, cudaErrorHardwareStackError,
                               cudaErrorLaunchFailure,    cudaErrorLaunchTimeout,       cudaErrorAssert,
                               cudaErrorECCUncorrectable, cudaErrorNvlinkUncorrectable};
  return std::find(kSticky.begin(), kSticky.end(), e) != kSticky.end();
}

std::string in_words(cudaError_t e) { return std::string(cudaGetErrorString(e)) + " (" + cudaGetErrorName(e) + ")"; }

DeviceMemory device_memory() {
  std::size_t free = 0, total = 0;
  if (cudaMemGetInfo(&free, &total) != cudaSuccess) return {};
  return {static_cast<Index>(free), static_cast<Index>(total)};
}

// Allocates from the device, or throws an error that says why not; existing allocations remain usable.
void* allocate(Index bytes, const char* what) {
  void* at = nullptr;
  const cudaError_t e = cudaMalloc(&at, static_cast<std::size_t>(bytes));
  if (e == cudaErrorMemoryAllocation) {
    (void)cudaGetLastError();
    fail_out_of_gpu_memory(what, bytes, device_memory());
  }
  check(e, what);
  return at;
}

}  // namespace

void check(cudaError_t e, const char* what) {
  if (e == cudaSuccess) return;
  (void)cudaGetLastError();
  if (is_sticky(e)) throw GpuLost(Fault::device, lost_gpu(what, in_words(e)));
  fail(e == cudaErrorMemoryAllocation ? Fault::memory : Fault::device, std::string(what) + ": " + in_words(e));
}

void check(cublasStatus_t s, const char* what) {
  if (s == CUBLAS_STATUS_SUCCESS) return;
  fail(s == CUBLAS_STATUS_ALLOC_FAILED ? Fault::memory : Fault::device,
       std::string(what) + " by cuBLAS: " + cublasGetStatusString(s));
}

void check_nothrow(cudaError_t e, const char* what) noexcept {
  if (e == cudaSuccess || is_sticky(e)) return;  // a sticky one has been thrown where it occurred
  try {
    log::warn(std::string(what) + ": " + cudaGetErrorString(e));
  } catch (...) {  // a destructor is running: losing the line is the lesser evil
    return;
  }
}

std::string why_no_gpu() {
  int n = 0;
  if (const cudaError_t e = cudaGetDeviceCount(&n); e != cudaSuccess) {  // leaves n unwritten on error
    (void)cudaGetLastError();
    int driver = 0;
    if (cudaDriverGetVersion(&driver) != cudaSuccess) driver = 0;
    return why_no_cuda(driver, CUDART_VERSION, in_words(e));
  }
  return n > 0 ? "" : "no CUDA device";
}

bool gpu_is_emulated() { return false; }

struct GpuExec::Impl {
  int device = 0, capability = 0;
  cudaStream_t stream = nullptr;
  cublasHandle_t blas = nullptr;
  void* blas_workspace = nullptr;
  std::vector<double*> workspaces;  // the last is in use; captured graphs may still use those that were too small
  Index workspace_size = 0;
  std::array<std::shared_ptr<void>, 2> libraries;

  // Bit-identical results on every run need a fixed workspace. Our handle has our own, of the size that cuBLAS would
  // choose; for the handles that cuDNN makes internally, the program sets CUBLAS_WORKSPACE_CONFIG.
  void make_blas() {
    check(cublasCreate(&blas), "cublasCreate");
    check(cublasSetStream(blas, stream), "cublasSetStream");  // first: it resets the workspace
    const Index bytes = Index{capability >= 90 ? 32 : 4} << 20;
    blas_workspace = allocate(bytes, "cuBLAS");
    check(cublasSetWorkspace(blas, blas_workspace, static_cast<std::size_t>(bytes)), "cublasSetWorkspace");
    check(cublasSetMathMode(blas, CUBLAS_DEFAULT_MATH), "cublasSetMathMode");
    check(cublasSetAtomicsMode(blas, CUBLAS_ATOMICS_NOT_ALLOWED), "cublasSetAtomicsMode");
  }
  ~Impl() {
    libraries = {};
    for (double* w : workspaces) check_nothrow(cudaFree(w), "cudaFree");
    if (blas) cublasDestroy(blas);
    if (blas_workspace) check_nothrow(cudaFree(blas_workspace), "cudaFree");
    if (stream) check_nothrow(cudaStreamDestroy(stream), "cudaStreamDestroy");
  }
};

GpuExec::GpuExec(int device) : impl_(std::make_unique<Impl>()) {
  if (const std::string why = why_no_gpu(); !why.empty()) fail(Fault::device, "no GPU: " + why);
  int count = 0;
  check(cudaGetDeviceCount(&count), "cudaGetDeviceCount");
  if (device < 0 || device >= count)
    fail(Fault::device, "GPU " + std::to_string(device) + ": this machine has " + std::to_string(count) +
                            ", numbered from 0; choose one of them");
  impl_->device = device;
  check(cudaSetDevice(device), "cudaSetDevice");
  int major = 0, minor = 0;
  check(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device), "cudaDeviceGetAttribute");
  check(cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, device), "cudaDeviceGetAttribute");
  impl_->capability = 10 * major + minor;
  check(cudaStreamCreateWithFlags(&impl_->stream, cudaStreamNonBlocking), "cudaStreamCreate");
  impl_->make_blas();
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
std::shared_ptr<void>& GpuExec::library(Library l) { return impl_->libraries.at(static_cast<std::size_t>(l)); }

double* GpuExec::workspace(Index n) {
  if (n > impl_->workspace_size) {
    const Index size = std::max(n, 2 * impl_->workspace_size);  // so that all outgrown ones total at most this
    impl_->workspaces.reserve(impl_->workspaces.size() + 1);    // so that the new one is not lost
    impl_->workspaces.push_back(
        static_cast<double*>(allocate(size * static_cast<Index>(sizeof(double)), "the workspace of an op")));
    impl_->workspace_size = size;
  }
  return impl_->workspaces.empty() ? nullptr : impl_->workspaces.back();
}

std::byte* gpu_allocate(GpuExec&, Index bytes, const char* what) {
  return static_cast<std::byte*>(allocate(bytes, what));
}
// Queued work may still use it: a run that a signal stops leaves steps in the queue.
void gpu_free(std::byte* at) noexcept {
  (void)cudaDeviceSynchronize();
  check_nothrow(cudaFree(at), "cudaFree");
}
std::byte* gpu_allocate_pinned(GpuExec&, Index bytes, const char* what) {
  void* at = nullptr;
  const cudaError_t e = cudaMallocHost(&at, static_cast<std::size_t>(bytes));
  if (e == cudaErrorMemoryAllocation) {
    (void)cudaGetLastError();
    fail_out_of_memory(what, bytes);
  }
  check(e, what);
  return static_cast<std::byte*>(at);
}
void gpu_free_pinned(std::byte* at) noexcept {
  (void)cudaDeviceSynchronize();
  check_nothrow(cudaFreeHost(at), "cudaFreeHost");
}
Index gpu_free_bytes(GpuExec&) {
  std::size_t free = 0, total = 0;
  check(cudaMemGetInfo(&free, &total), "cudaMemGetInfo");
  return static_cast<Index>(free);
}
void gpu_copy(GpuExec& ex, void* to, const void* from, Index bytes) {
  check(cudaMemcpyAsync(to, from, static_cast<std::size_t>(bytes), cudaMemcpyDefault, ex.stream()), "cudaMemcpyAsync");
  check(cudaStreamSynchronize(ex.stream()), "cudaMemcpyAsync");
}
void gpu_clear(GpuExec& ex, void* at, Index bytes) {
  check(cudaMemsetAsync(at, 0, static_cast<std::size_t>(bytes), ex.stream()), "cudaMemsetAsync");
}

struct Graph::Captured {
  cudaGraph_t graph = nullptr;
  cudaGraphExec_t exec = nullptr;
  ~Captured() {
    if (exec) check_nothrow(cudaGraphExecDestroy(exec), "cudaGraphExecDestroy");
    if (graph) check_nothrow(cudaGraphDestroy(graph), "cudaGraphDestroy");
  }
};

Graph::Graph(Exec& ex, std::function<void()> work) : work_(std::move(work)) {
  const auto* gpu = std::get_if<GpuExec>(&ex);
  if (!gpu) return;
  captured_ = std::make_unique<Captured>();
  check(cudaStreamBeginCapture(gpu->stream(), cudaStreamCaptureModeThreadLocal), "cudaStreamBeginCapture");
  try {
    work_();
  } catch (...) {  // the stream must be restored
    (void)cudaStreamEndCapture(gpu->stream(), &captured_->graph);
    (void)cudaGetLastError();
    throw;
  }
  check(cudaStreamEndCapture(gpu->stream(), &captured_->graph), "cudaStreamEndCapture");
  check(cudaGraphInstantiate(&captured_->exec, captured_->graph, 0), "cudaGraphInstantiate");
}
Graph::~Graph() = default;
Graph::Graph(Graph&&) noexcept = default;
Graph& Graph::operator=(Graph&&) noexcept = default;

void Graph::launch(Exec& ex) {
  if (captured_)
    check(cudaGraphLaunch(captured_->exec, std::get<GpuExec>(ex).stream()), "cudaGraphLaunch");
  else
    work_();
}

}  // namespace cutract
