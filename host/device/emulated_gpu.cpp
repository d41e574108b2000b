// The executor of a build with the emulated GPU (kernels/simt): device memory is host memory, and a launch is complete
// when it returns, unless a graph is being captured.
#include "host/device/emulated_gpu.h"

#include <algorithm>
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

#include "host/core/error.h"
#include "host/device/gpu_faults.h"
#include "host/device/graph.h"
#include "host/device/memory.h"

using Work = std::vector<std::function<void()>>;

struct CUstream_st {
  Work* capturing = nullptr;
};

namespace cutract {
namespace {

constexpr std::align_val_t kAlign{256};

// Fails for operations that a real stream refuses during capture, since they would happen once and not at every launch
// of the graph.
void expect_no_capture(const GpuExec& ex, const char* what) {
  if (ex.stream()->capturing) fail(Fault::internal, std::string("graph: ") + what + " while it is captured");
}

// Counts allocations, and makes those fail that a test or CUTRACT_EMULATOR_MEMORY selects.
class Device {
 public:
  void configure(const EmulatedMemory& m) {
    const std::lock_guard lock(mutex_);
    memory_ = m;
    allocations_ = 0;
  }
  Index allocations() {
    const std::lock_guard lock(mutex_);
    return allocations_;
  }
  Index bytes() {
    const std::lock_guard lock(mutex_);
    return used_;
  }
  Index free() {
    const std::lock_guard lock(mutex_);
    return memory_.limit - used_;
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

// Stored before each block, so that freeing it needs no table.
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
  CUstream_st stream;
  std::vector<std::vector<double>> workspaces;  // the last is in use; captured graphs may still use the others
  std::array<std::shared_ptr<void>, 2> libraries;
  ~Impl() {
    for (const auto& w : workspaces) device().give_back(std::ssize(w) * static_cast<Index>(sizeof(double)));
  }
};
GpuExec::GpuExec(int) : impl_(std::make_unique<Impl>()) {}
GpuExec::~GpuExec() = default;
GpuExec::GpuExec(GpuExec&&) noexcept = default;
GpuExec& GpuExec::operator=(GpuExec&&) noexcept = default;
cudaStream_t GpuExec::stream() const { return &impl_->stream; }
cublasHandle_t GpuExec::blas() const { return nullptr; }
std::string GpuExec::name() const { return "emulated GPU"; }

double* GpuExec::workspace(Index n) {
  auto& all = impl_->workspaces;
  const auto size = static_cast<std::size_t>(n);
  if (all.empty() || all.back().size() < size) {
    expect_no_capture(*this, "memory was taken");
    const std::size_t wanted = std::max(size, all.empty() ? 0 : 2 * all.back().size());
    device().take(static_cast<Index>(wanted * sizeof(double)), "the workspace of an op");
    all.emplace_back(wanted);
  }
  std::fill(all.back().begin(), all.back().end(), std::bit_cast<double>(~std::uint64_t{0}));  // NaN: the worst case
  return all.back().data();
}

int GpuExec::capability() const { return 90; }
std::shared_ptr<void>& GpuExec::library(Library l) { return impl_->libraries.at(static_cast<std::size_t>(l)); }

void submit(GpuExec& ex, std::function<void()> work) {
  if (Work* graph = ex.stream()->capturing)
    graph->push_back(std::move(work));
  else
    work();
}

namespace {

// `counted` bytes of it count as device memory.
std::byte* allocate(GpuExec& ex, Index bytes, Index counted, const char* what) {
  expect_no_capture(ex, "memory was taken");
  device().take(counted, what);
  auto* header = static_cast<std::byte*>(::operator new(static_cast<std::size_t>(bytes) + sizeof(Header), kAlign));
  new (header) Header{counted};
  std::byte* at = header + sizeof(Header);
  std::memset(at, 0xff, static_cast<std::size_t>(bytes));
  return at;
}

}  // namespace

std::byte* gpu_allocate(GpuExec& ex, Index bytes, const char* what) { return allocate(ex, bytes, bytes, what); }
void gpu_free(std::byte* at) noexcept {
  std::byte* header = at - sizeof(Header);
  device().give_back(reinterpret_cast<const Header*>(header)->bytes);
  ::operator delete(header, kAlign);
}
std::byte* gpu_allocate_pinned(GpuExec& ex, Index bytes, const char* what) { return allocate(ex, bytes, 0, what); }
void gpu_free_pinned(std::byte* at) noexcept { gpu_free(at); }
Index gpu_free_bytes(GpuExec&) { return std::min(Index{1} << 30, device().free()); }
void gpu_copy(GpuExec& ex, void* to, const void* from, Index bytes) {
  expect_no_capture(ex, "memory was copied");
  std::memcpy(to, from, static_cast<std::size_t>(bytes));
}
void gpu_clear(GpuExec& ex, void* at, Index bytes) {
  submit(ex, [=] { std::memset(at, 0, static_cast<std::size_t>(bytes)); });
}

struct Graph::Captured {
  Work work;
};
Graph::Graph(Exec& ex, std::function<void()> work) : work_(std::move(work)) {
  const auto* gpu = std::get_if<GpuExec>(&ex);
  if (!gpu) return;
  captured_ = std::make_unique<Captured>();
  struct Capture {  // also ends when work throws
    CUstream_st& stream;
    ~Capture() { stream.capturing = nullptr; }
  } const capture{*gpu->stream()};
  gpu->stream()->capturing = &captured_->work;
  work_();
}
Graph::~Graph() = default;
Graph::Graph(Graph&&) noexcept = default;
Graph& Graph::operator=(Graph&&) noexcept = default;

void Graph::launch(Exec&) {
  if (!captured_) return work_();
  for (const auto& queued : captured_->work) queued();
}

}  // namespace cutract
