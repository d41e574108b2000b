#include "kernels/simt/shared.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "host/core/error.h"

// The linker defines these at the bounds of that section; they are absent if no kernel has a __shared__ variable.
extern "C" std::byte __start_cutract_shared[] __attribute__((weak));
extern "C" std::byte __stop_cutract_shared[] __attribute__((weak));

namespace cutract::simt {
namespace {

constexpr std::size_t kPage = 4096, kAlign = 128, kFence = 128, kGuard = 16 * kPage;
constexpr std::size_t kUsable = (kMaxShared + kPage) / kPage * kPage + kPage;
constexpr std::byte kFill{0xff};

// Compares word by word instead of with memcmp, whose masked loads would touch the guard page, which costs more
// than everything else.
bool all_filled(const std::byte* from, const std::byte* to) {
  std::uint64_t all = ~std::uint64_t{0};
  for (; from < to && reinterpret_cast<std::uintptr_t>(from) % 8 != 0; ++from)
    if (*from != kFill) return false;
  for (; to - from >= 8; from += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, from, 8);
    all &= word;
  }
  return ~all == 0 && std::all_of(from, to, [](std::byte b) { return b == kFill; });
}

}  // namespace

SharedMemory::SharedMemory() {
  void* at = mmap(nullptr, kUsable + 2 * kGuard, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (at == MAP_FAILED) fail(Fault::memory, "emulated GPU: no memory for shared memory");
  pages_ = static_cast<std::byte*>(at);
}
SharedMemory::~SharedMemory() { munmap(pages_, kUsable + 2 * kGuard); }

void SharedMemory::open(std::size_t bytes) {
  std::byte* end = pages_ + kGuard + kUsable;
  if (!open_ || bytes != bytes_) {
    data_ = end - (bytes + kAlign - 1) / kAlign * kAlign;
    bytes_ = bytes;
    const std::size_t below = static_cast<std::size_t>(data_ - kFence - pages_) / kPage * kPage;
    mprotect(pages_, below, PROT_NONE);
    front_ = pages_ + below;
    mprotect(pages_ + below, static_cast<std::size_t>(end - pages_) - below, PROT_READ | PROT_WRITE);
    open_ = true;
  }
  if (bytes_ > 0) std::memset(front_, 0xff, static_cast<std::size_t>(end - front_));
}

void SharedMemory::close() {
  mprotect(pages_ + kGuard, kUsable, PROT_NONE);
  open_ = false;
}

bool SharedMemory::contains(const void* at, std::size_t n) const {
  const auto a = reinterpret_cast<std::uintptr_t>(at), first = reinterpret_cast<std::uintptr_t>(data_);
  return a >= first && a + n <= first + bytes_;
}

bool SharedMemory::near(const void* address) const {
  const auto a = reinterpret_cast<std::uintptr_t>(address), first = reinterpret_cast<std::uintptr_t>(pages_);
  return a >= first && a < first + kUsable + 2 * kGuard;
}

bool SharedMemory::fences_intact() const {
  return !open_ || (all_filled(data_ - kFence, data_) && all_filled(data_ + bytes_, pages_ + kGuard + kUsable));
}

bool SharedMemory::front_intact() const { return !open_ || bytes_ == 0 || all_filled(front_, data_); }

void fill_static_shared() {
  std::byte *first = __start_cutract_shared, *last = __stop_cutract_shared;
  if (first != last) std::memset(first, 0xff, static_cast<std::size_t>(last - first));
}
bool static_shared_untouched() { return all_filled(__start_cutract_shared, __stop_cutract_shared); }
bool in_static_shared(const void* at) {
  const auto* a = static_cast<const std::byte*>(at);
  return a >= __start_cutract_shared && a < __stop_cutract_shared;
}

}  // namespace cutract::simt
