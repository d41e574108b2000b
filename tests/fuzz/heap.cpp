#include "tests/fuzz/heap.h"

#include <algorithm>
#include <atomic>
#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
#define CUTRACT_FUZZ_HEAP 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CUTRACT_FUZZ_HEAP 1
#endif
#endif

#ifdef CUTRACT_FUZZ_HEAP
// As in clang's <sanitizer/allocator_interface.h>. g++ has these functions too, but Debian's does not come with the
// header.
extern "C" std::size_t __sanitizer_get_allocated_size(const volatile void*);
extern "C" int __sanitizer_install_malloc_and_free_hooks(void (*on_malloc)(const volatile void*, std::size_t),
                                                         void (*on_free)(const volatile void*));

// libvorbis, not cutract, loses a few kB when it opens some broken OGG files.
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() { return "leak:libvorbis\n"; }
#endif

namespace cutract::fuzz {
namespace {

std::atomic<long> in_use{0}, highest{0};
std::size_t largest_peak = 0, its_input = 0;

#ifdef CUTRACT_FUZZ_HEAP
constexpr bool kMeasured = true;

void on_allocation(const volatile void*, std::size_t bytes) {
  const long now = in_use += static_cast<long>(bytes);
  if (now > highest) highest = now;
}
void on_free(const volatile void* block) {
  if (block) in_use -= static_cast<long>(__sanitizer_get_allocated_size(block));
}
bool install_hooks() { return __sanitizer_install_malloc_and_free_hooks(on_allocation, on_free) != 0; }
#else
constexpr bool kMeasured = false;

bool install_hooks() { return true; }
#endif

}  // namespace

Heap::Heap(std::size_t input_bytes) : input_bytes_(input_bytes) {
  static const bool installed = install_hooks();
  in_use = installed ? 0 : -1;
  highest = 0;
}

Heap::~Heap() {
  if (peak() <= largest_peak) return;
  largest_peak = peak();
  its_input = input_bytes_;
}

std::size_t Heap::peak() const { return static_cast<std::size_t>(std::max(highest.load(), 0L)); }

std::string Heap::largest() {
  if (!kMeasured) return "not measured";
  return std::to_string(largest_peak) + " bytes for an input of " + std::to_string(its_input) + " bytes";
}

}  // namespace cutract::fuzz
