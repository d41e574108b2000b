// The executor of a build without CUDA: it says so. kernels/no_gpu.cpp is the same for the ops.
#include "host/core/error.h"
#include "host/core/exec.h"

namespace cutract {

std::string why_no_gpu() { return "this build has no GPU backend (CUTRACT_CUDA=OFF)"; }

struct GpuExec::Impl {};
GpuExec::GpuExec(int) { fail(Fault::device, why_no_gpu()); }
GpuExec::~GpuExec() = default;
GpuExec::GpuExec(GpuExec&&) noexcept = default;
GpuExec& GpuExec::operator=(GpuExec&&) noexcept = default;
cudaStream_t GpuExec::stream() const { return nullptr; }
cublasHandle_t GpuExec::blas() const { return nullptr; }

}  // namespace cutract
