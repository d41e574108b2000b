// The executor of a build with the emulated GPU (kernels/simt): device memory is host memory, and a launch has ended
// when it returns, unless a graph is being captured.
#include "host/core/emulated_gpu.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <new>
#include <utility>
#include <vector>

#include "host/core/error.h"
#include "host/core/graph.h"
#include "host/core/memory.h"

using Work = std::vector<std::function<void()>>;

struct CUstream_st {
  Work* capturing = nullptr;
};

namespace cutract {
namespace {

constexpr std::align_val_t kAlign{256};

// What a real stream refuses while it is captured, since it would happen once and not at every launch of the graph.
void expect_no_capture(const GpuExec& ex, const char* what) {
  if (ex.stream()->capturing) fail(Fault::internal, std::string("graph: ") + what + " while it is captured");
}

}  // namespace

std::string why_no_gpu() { return ""; }
bool gpu_is_emulated() { return true; }

struct GpuExec::Impl {
  CUstream_st stream;
  std::vector<std::vector<double>> workspaces;  // the last is in use; captured graphs may still use the others
};
GpuExec::GpuExec(int) : impl_(std::make_unique<Impl>()) {}
GpuExec::~GpuExec() = default;
GpuExec::GpuExec(GpuExec&&) noexcept = default;
GpuExec& GpuExec::operator=(GpuExec&&) noexcept = default;
cudaStream_t GpuExec::stream() const { return &impl_->stream; }
cublasHandle_t GpuExec::blas() const { return nullptr; }
std::string GpuExec::name() const { return "emulated GPU"; }
int GpuExec::capability() const { return 90; }

double* GpuExec::workspace(Index n) {
  auto& all = impl_->workspaces;
  const auto size = static_cast<std::size_t>(n);
  if (all.empty() || all.back().size() < size) {
    expect_no_capture(*this, "memory was taken");
    all.emplace_back(std::max(size, all.empty() ? 0 : 2 * all.back().size()));
  }
  std::fill(all.back().begin(), all.back().end(), std::bit_cast<double>(~std::uint64_t{0}));  // NaN, as it may be
  return all.back().data();
}

void submit(GpuExec& ex, std::function<void()> work) {
  if (Work* graph = ex.stream()->capturing)
    graph->push_back(std::move(work));
  else
    work();
}

std::byte* gpu_allocate(GpuExec& ex, Index bytes) {
  expect_no_capture(ex, "memory was taken");
  auto* at = static_cast<std::byte*>(::operator new(static_cast<std::size_t>(bytes), kAlign));
  std::memset(at, 0xff, static_cast<std::size_t>(bytes));
  return at;
}
void gpu_free(std::byte* at) noexcept { ::operator delete(at, kAlign); }
std::byte* gpu_allocate_pinned(GpuExec& ex, Index bytes) { return gpu_allocate(ex, bytes); }
void gpu_free_pinned(std::byte* at) noexcept { gpu_free(at); }
Index gpu_free_bytes(GpuExec&) { return Index{1} << 30; }
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
  struct Capture {  // ends also when work throws
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
