// The executor of a build with the emulated GPU (kernels/simt): device memory is host memory, and a launch has ended
// when it returns.
#include <array>
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

#include "host/core/emulated_gpu.h"
#include "host/core/exec.h"
#include "host/core/gpu_faults.h"
#include "host/core/memory.h"

namespace cutract {
namespace {

constexpr std::align_val_t kAlign{256};

// Counts what is allocated, and refuses what a test or CUTRACT_EMULATOR_MEMORY wants refused.
class Device {
 public:
  void configure(const EmulatedMemory& m) {
    const std::lock_guard lock(mutex_);
    memory_ = m, allocations_ = 0;
  }
  Index allocations() {
    const std::lock_guard lock(mutex_);
    return allocations_;
  }
  Index bytes() {
    const std::lock_guard lock(mutex_);
    return used_;
  }
  void take(Index bytes, const char* what) {
    const std::lock_guard lock(mutex_);
    if (++allocations_ == memory_.failing || bytes > memory_.limit - used_)
      fail_out_of_gpu_memory(what, bytes, {memory_.limit - used_, memory_.limit});
    used_ += bytes;
  }
  void give_back(Index bytes) {
    const std::lock_guard lock(mutex_);
    used_ -= bytes;
  }

 private:
  static EmulatedMemory from_environment() {
    const char* bytes = std::getenv("CUTRACT_EMULATOR_MEMORY");
    return bytes ? EmulatedMemory{.limit = std::strtoll(bytes, nullptr, 10)} : EmulatedMemory{};
  }
  std::mutex mutex_;
  EmulatedMemory memory_ = from_environment();
  Index used_ = 0, allocations_ = 0;
};
Device& device() {
  static Device the_only;
  return the_only;
}

// Before each block, so that freeing it needs no table.
struct alignas(256) Header {
  Index bytes;
};

}  // namespace

void set_emulated_memory(const EmulatedMemory& m) { device().configure(m); }
Index emulated_allocations() { return device().allocations(); }
Index emulated_bytes() { return device().bytes(); }

std::string why_no_gpu() { return ""; }
bool gpu_is_emulated() { return true; }

struct GpuExec::Impl {
  std::vector<double> workspace;
  Index workspace_bytes = 0;  // taken from the device
  std::array<std::shared_ptr<void>, 2> libraries;
  ~Impl() { device().give_back(workspace_bytes); }
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
  const auto bytes = n * static_cast<Index>(sizeof(double));
  if (bytes > impl_->workspace_bytes) {
    device().give_back(std::exchange(impl_->workspace_bytes, 0));
    device().take(bytes, "the workspace of an op");
    impl_->workspace_bytes = bytes;
  }
  impl_->workspace.assign(static_cast<std::size_t>(n),
                          std::bit_cast<double>(~std::uint64_t{0}));  // NaN, as device memory may be
  return impl_->workspace.data();
}

std::shared_ptr<void>& GpuExec::library(Library l) { return impl_->libraries.at(static_cast<std::size_t>(l)); }

std::byte* gpu_allocate(GpuExec&, Index bytes, const char* what) {
  device().take(bytes, what);
  auto* header = static_cast<std::byte*>(::operator new(static_cast<std::size_t>(bytes) + sizeof(Header), kAlign));
  new (header) Header{bytes};
  std::byte* at = header + sizeof(Header);
  std::memset(at, 0xff, static_cast<std::size_t>(bytes));
  return at;
}
void gpu_free(std::byte* at) noexcept {
  std::byte* header = at - sizeof(Header);
  device().give_back(reinterpret_cast<const Header*>(header)->bytes);
  ::operator delete(header, kAlign);
}
void gpu_copy(GpuExec&, void* to, const void* from, Index bytes) {
  std::memcpy(to, from, static_cast<std::size_t>(bytes));
}
void gpu_clear(GpuExec&, void* at, Index bytes) { std::memset(at, 0, static_cast<std::size_t>(bytes)); }

}  // namespace cutract
