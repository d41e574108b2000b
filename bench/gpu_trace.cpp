#include <cupti.h>

#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <initializer_list>

// Records what a GPU did and when, for scripts/gpu_check.py, which computes from it how long the GPU was idle during an
// epoch. CUDA loads this library into a program if CUDA_INJECTION64_PATH names it. CUTRACT_GPU_TRACE names the output
// file, which gets one line "start end name" in ns for each kernel, copy and clear.
namespace {

std::FILE* out = nullptr;

void write(std::uint64_t start, std::uint64_t end, const char* name) {
  std::fprintf(out, "%" PRIu64 " %" PRIu64 " %s\n", start, end, name);
}

void write(const CUpti_Activity* record) {
  // Only the beginning of these records is read, and it is the same in every later version.
  if (record->kind == CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL) {
    const auto* k = reinterpret_cast<const CUpti_ActivityKernel9*>(record);
    write(k->start, k->end, k->name);
  } else if (record->kind == CUPTI_ACTIVITY_KIND_MEMCPY) {
    const auto* c = reinterpret_cast<const CUpti_ActivityMemcpy5*>(record);
    write(c->start, c->end, "[copy]");
  } else if (record->kind == CUPTI_ACTIVITY_KIND_MEMSET) {
    const auto* s = reinterpret_cast<const CUpti_ActivityMemset4*>(record);
    write(s->start, s->end, "[clear]");
  }
}

void CUPTIAPI give_buffer(std::uint8_t** buffer, std::size_t* size, std::size_t* most_records) {
  *size = std::size_t{8} << 20;
  *buffer = static_cast<std::uint8_t*>(std::aligned_alloc(8, *size));
  *most_records = 0;  // no limit
}

void CUPTIAPI take_buffer(CUcontext, std::uint32_t, std::uint8_t* buffer, std::size_t, std::size_t valid) {
  CUpti_Activity* record = nullptr;
  while (cuptiActivityGetNextRecord(buffer, valid, &record) == CUPTI_SUCCESS) write(record);
  std::free(buffer);
}

void flush() {
  cuptiActivityFlushAll(CUPTI_ACTIVITY_FLAG_FLUSH_FORCED);
  std::fclose(out);
}

}  // namespace

// The function that CUDA looks up; returning 1 means success.
extern "C" __attribute__((visibility("default"))) int InitializeInjection() {
  const char* path = std::getenv("CUTRACT_GPU_TRACE");
  out = path ? std::fopen(path, "w") : nullptr;
  if (!out) return 1;
  cuptiActivityRegisterCallbacks(give_buffer, take_buffer);
  for (const CUpti_ActivityKind kind :
       {CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL, CUPTI_ACTIVITY_KIND_MEMCPY, CUPTI_ACTIVITY_KIND_MEMSET})
    cuptiActivityEnable(kind);
  std::atexit(flush);
  return 1;
}
