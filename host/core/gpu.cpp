#include <algorithm>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "host/core/cuda_check.h"
#include "host/core/error.h"
#include "host/core/exec.h"
#include "host/core/graph.h"
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
  std::vector<double*> workspaces;  // the last is in use; captured graphs may still use those that were too small
  Index workspace_size = 0;
  ~Impl() {
    for (double* w : workspaces) check_nothrow(cudaFree(w), "cudaFree");
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
    const Index size = std::max(n, 2 * impl_->workspace_size);  // so that all that were too small are no more than it
    void* at = nullptr;
    check(cudaMalloc(&at, static_cast<std::size_t>(size) * sizeof(double)), "workspace");
    impl_->workspaces.push_back(static_cast<double*>(at)), impl_->workspace_size = size;
  }
  return impl_->workspaces.empty() ? nullptr : impl_->workspaces.back();
}

std::byte* gpu_allocate(GpuExec&, Index bytes) {
  void* at = nullptr;
  check(cudaMalloc(&at, static_cast<std::size_t>(bytes)), "cudaMalloc");
  return static_cast<std::byte*>(at);
}
void gpu_free(std::byte* at) noexcept { check_nothrow(cudaFree(at), "cudaFree"); }
std::byte* gpu_allocate_pinned(GpuExec&, Index bytes) {
  void* at = nullptr;
  check(cudaMallocHost(&at, static_cast<std::size_t>(bytes)), "cudaMallocHost");
  return static_cast<std::byte*>(at);
}
void gpu_free_pinned(std::byte* at) noexcept { check_nothrow(cudaFreeHost(at), "cudaFreeHost"); }
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
  } catch (...) {  // the stream must be left as it was
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
