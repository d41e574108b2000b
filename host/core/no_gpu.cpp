// The executor of a build without CUDA: it says so. kernels/no_gpu.cpp is the same for the ops.
#include "host/core/error.h"
#include "host/core/exec.h"
#include "host/core/memory.h"

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

std::byte* gpu_allocate(GpuExec&, Index, const char*) { fail(Fault::device, why_no_gpu()); }
void gpu_free(std::byte*) noexcept {}
void gpu_copy(GpuExec&, void*, const void*, Index) { fail(Fault::device, why_no_gpu()); }
void gpu_clear(GpuExec&, void*, Index) { fail(Fault::device, why_no_gpu()); }

}  // namespace cutract
