#include "kernels/simt/stacks.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <vector>

#include "host/core/error.h"
#include "kernels/simt/asan.h"

namespace cutract::simt {
namespace {

#ifdef CUTRACT_ASAN
constexpr std::size_t kBytes = 256 * 1024;
#else
constexpr std::size_t kBytes = 64 * 1024;
#endif
constexpr std::size_t kPerChunk = 64;

}  // namespace

struct StackPool::Impl {
  std::size_t page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  std::size_t stride = kBytes + page;
  std::vector<std::byte*> chunks;
  std::vector<Stack> free;

  ~Impl() {
    for (std::byte* chunk : chunks) munmap(chunk, kPerChunk * stride);
  }
  void grow() {
    void* chunk =
        mmap(nullptr, kPerChunk * stride, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (chunk == MAP_FAILED) fail(Fault::memory, "emulated GPU: no memory for the stacks of its threads");
    chunks.push_back(static_cast<std::byte*>(chunk));
    for (std::size_t i = 0; i < kPerChunk; ++i) mprotect(chunks.back() + i * stride, page, PROT_NONE);
    add(chunks.back());
  }
  // If all stacks began at the same place within a page, their hot lines would share a few cache sets. So the top of
  // each stack is moved down by a different number of lines.
  void add(std::byte* chunk) {
    for (std::size_t i = 0; i < kPerChunk; ++i) {
      std::byte* bottom = chunk + i * stride + page;
      free.push_back({bottom, bottom + kBytes - i % 32 * 128});
    }
  }
};

StackPool::StackPool() : impl_(std::make_unique<Impl>()) {}
StackPool::~StackPool() = default;

Stack StackPool::take() {
  if (impl_->free.empty()) impl_->grow();
  const Stack stack = impl_->free.back();
  impl_->free.pop_back();
  return stack;
}

void StackPool::give_back(Stack stack) { impl_->free.push_back(stack); }

void StackPool::give_back_all() {
  impl_->free.clear();
  for (std::byte* chunk : impl_->chunks) {
    impl_->add(chunk);
#ifdef CUTRACT_ASAN  // an abandoned thread has left poisoned memory
    for (std::size_t i = 0; i < kPerChunk; ++i)
      __asan_unpoison_memory_region(chunk + i * impl_->stride + impl_->page, kBytes);
#endif
  }
}

bool StackPool::in_guard(const void* address) const {
  const auto at = reinterpret_cast<std::uintptr_t>(address);
  for (const std::byte* chunk : impl_->chunks) {
    const auto first = reinterpret_cast<std::uintptr_t>(chunk);
    if (at >= first && at < first + kPerChunk * impl_->stride) return (at - first) % impl_->stride < impl_->page;
  }
  return false;
}

}  // namespace cutract::simt
