// The executor of a build with the emulated GPU (kernels/simt): device memory is host memory, and a launch has ended
// when it returns.
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <new>
#include <vector>

#include "host/core/exec.h"
#include "host/core/memory.h"

namespace cutract {
namespace {

constexpr std::align_val_t kAlign{256};

}  // namespace

std::string why_no_gpu() { return ""; }
bool gpu_is_emulated() { return true; }

struct GpuExec::Impl {
  std::vector<double> workspace;
  std::array<std::shared_ptr<void>, 2> libraries;
};
GpuExec::GpuExec(int) : impl_(std::make_unique<Impl>()) {}
GpuExec::~GpuExec() = default;
GpuExec::GpuExec(GpuExec&&) noexcept = default;
GpuExec& GpuExec::operator=(GpuExec&&) noexcept = default;
cudaStream_t GpuExec::stream() const { return nullptr; }
cublasHandle_t GpuExec::blas() const { return nullptr; }
std::string GpuExec::name() const { return "emulated GPU"; }
int GpuExec::capability() const { return 90; }
double* GpuExec::workspace(Index n) {
  impl_->workspace.assign(static_cast<std::size_t>(n),
                          std::bit_cast<double>(~std::uint64_t{0}));  // NaN, as device memory may be
  return impl_->workspace.data();
}

std::shared_ptr<void>& GpuExec::library(Library l) { return impl_->libraries.at(static_cast<std::size_t>(l)); }

std::byte* gpu_allocate(GpuExec&, Index bytes) {
  auto* at = static_cast<std::byte*>(::operator new(static_cast<std::size_t>(bytes), kAlign));
  std::memset(at, 0xff, static_cast<std::size_t>(bytes));
  return at;
}
void gpu_free(std::byte* at) noexcept { ::operator delete(at, kAlign); }
void gpu_copy(GpuExec&, void* to, const void* from, Index bytes) {
  std::memcpy(to, from, static_cast<std::size_t>(bytes));
}
void gpu_clear(GpuExec&, void* at, Index bytes) { std::memset(at, 0, static_cast<std::size_t>(bytes)); }

}  // namespace cutract
