// Preloaded into cutract (LD_PRELOAD) by failing_allocations.py: lets one allocation of the host fail, or counts them.
//   CUTRACT_NEW_FAILS=N     operator new throws bad_alloc when it is called for the Nth time inside main
//   CUTRACT_NEW_LASTS=1     ... and at every later call
//   CUTRACT_NEW_SITES=FILE  writes a line for each call stack that operator new is called from: the number of its first
//                           call. The last line is the number of all calls.
#include <dlfcn.h>
#include <execinfo.h>

#include <atomic>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <new>

namespace {

constexpr int kDepth = 24;
constexpr std::size_t kSites = std::size_t{1} << 16;

std::atomic<bool> inside_main{false};
std::atomic<long> calls{0};
long fails = 0;
bool lasts = false;
std::FILE* sites = nullptr;
std::size_t known[kSites];  // digests of call stacks, open addressing

bool is_new(std::size_t digest) {
  for (std::size_t at = digest % kSites, tried = 0; tried < kSites; at = (at + 1) % kSites, ++tried) {
    if (known[at] == digest) return false;
    if (known[at] != 0) continue;
    known[at] = digest;
    return true;
  }
  return false;
}

void note_site(long call) {
  static thread_local bool busy = false;
  if (busy) return;
  busy = true;
  void* frames[kDepth];
  const int depth = backtrace(frames, kDepth);
  std::size_t digest = 1469598103934665603U;
  for (int i = 0; i < depth; ++i) digest = (digest ^ reinterpret_cast<std::size_t>(frames[i])) * 1099511628211U;
  if (is_new(digest)) std::fprintf(sites, "%ld\n", call);
  busy = false;
}

void* allocate(std::size_t bytes, std::size_t alignment) {
  if (inside_main) {
    const long call = ++calls;
    if (sites) note_site(call);
    if (call == fails || (lasts && fails > 0 && call > fails)) return nullptr;
  }
  if (alignment == 0) return std::malloc(bytes == 0 ? 1 : bytes);
  return std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
}

void* allocate_or_throw(std::size_t bytes, std::size_t alignment) {
  if (void* block = allocate(bytes, alignment)) return block;
  throw std::bad_alloc();
}

using Main = int (*)(int, char**, char**);
Main real_main = nullptr;

int watched_main(int argc, char** argv, char** environment) {
  const char* nth = std::getenv("CUTRACT_NEW_FAILS");
  fails = nth ? std::atol(nth) : 0;
  lasts = std::getenv("CUTRACT_NEW_LASTS") != nullptr;
  if (const char* path = std::getenv("CUTRACT_NEW_SITES")) {
    void* frames[1];
    backtrace(frames, 1);  // the first call loads a library
    sites = std::fopen(path, "we");
  }
  inside_main = true;
  const int code = real_main(argc, argv, environment);
  inside_main = false;
  if (sites) {
    std::fprintf(sites, "%ld\n", calls.load());
    std::fclose(sites);
  }
  return code;
}

}  // namespace

void* operator new(std::size_t bytes) { return allocate_or_throw(bytes, 0); }
void* operator new[](std::size_t bytes) { return allocate_or_throw(bytes, 0); }
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept { return allocate(bytes, 0); }
void* operator new[](std::size_t bytes, const std::nothrow_t&) noexcept { return allocate(bytes, 0); }
void* operator new(std::size_t bytes, std::align_val_t a) { return allocate_or_throw(bytes, std::size_t(a)); }
void* operator new[](std::size_t bytes, std::align_val_t a) { return allocate_or_throw(bytes, std::size_t(a)); }
void* operator new(std::size_t bytes, std::align_val_t a, const std::nothrow_t&) noexcept {
  return allocate(bytes, std::size_t(a));
}
void* operator new[](std::size_t bytes, std::align_val_t a, const std::nothrow_t&) noexcept {
  return allocate(bytes, std::size_t(a));
}
void operator delete(void* block) noexcept { std::free(block); }
void operator delete[](void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t) noexcept { std::free(block); }
void operator delete[](void* block, std::size_t) noexcept { std::free(block); }
void operator delete(void* block, std::align_val_t) noexcept { std::free(block); }
void operator delete[](void* block, std::align_val_t) noexcept { std::free(block); }
void operator delete(void* block, std::size_t, std::align_val_t) noexcept { std::free(block); }
void operator delete[](void* block, std::size_t, std::align_val_t) noexcept { std::free(block); }

// The constructors of static objects run before main and are not counted: nothing could report their failure.
extern "C" int __libc_start_main(Main main, int argc, char** argv, void (*init)(), void (*fini)(), void (*rtld_fini)(),
                                 void* stack_end) {
  using Start = int (*)(Main, int, char**, void (*)(), void (*)(), void (*)(), void*);
  const auto start = reinterpret_cast<Start>(dlsym(RTLD_NEXT, "__libc_start_main"));
  real_main = main;
  return start(watched_main, argc, argv, init, fini, rtld_fini, stack_end);
}
