// The executor of a build without CUDA, which reports that there is none. kernels/no_gpu.cpp is the same for the ops.
#include "host/core/error.h"
#include "host/device/exec.h"
#include "host/device/graph.h"
#include "host/device/memory.h"

namespace cutract {

std::string why_no_gpu() { return "this build has no GPU backend (CUTRACT_CUDA=OFF)"; }
bool gpu_is_emulated() { return false; }

struct GpuExec::Impl {};
GpuExec::GpuExec(int) { fail(Fault::device, why_no_gpu()); }
GpuExec::~GpuExec() = default;
GpuExec::GpuExec(GpuExec&&) noexcept = default;
GpuExec& GpuExec::operator=(GpuExec&&) noexcept = default;
cudaStream_t GpuExec::stream() const { return nullptr; }
cublasHandle_t GpuExec::blas() const { return nullptr; }
std::string GpuExec::name() const { return "no GPU"; }
int GpuExec::capability() const { return 0; }
double* GpuExec::workspace(Index) { return nullptr; }
std::shared_ptr<void>& GpuExec::library(Library) { fail(Fault::device, why_no_gpu()); }

struct Graph::Captured {};
Graph::Graph(Exec&, std::function<void()> work) : work_(std::move(work)) {}
Graph::~Graph() = default;
Graph::Graph(Graph&&) noexcept = default;
Graph& Graph::operator=(Graph&&) noexcept = default;
void Graph::launch(Exec&) { work_(); }

std::byte* gpu_allocate(GpuExec&, Index, const char*) { fail(Fault::device, why_no_gpu()); }
void gpu_free(std::byte*) noexcept {}
std::byte* gpu_allocate_pinned(GpuExec&, Index, const char*) { fail(Fault::device, why_no_gpu()); }
void gpu_free_pinned(std::byte*) noexcept {}
Index gpu_free_bytes(GpuExec&) { return 0; }
void gpu_copy(GpuExec&, void*, const void*, Index) { fail(Fault::device, why_no_gpu()); }
void gpu_clear(GpuExec&, void*, Index) { fail(Fault::device, why_no_gpu()); }

}  // namespace cutract
