#include "host/device/memory.h"

#include <cstring>
#include <new>
#include <utility>

#include "host/device/gpu_faults.h"

namespace cutract {
namespace {

constexpr std::align_val_t kAlign{256};  // as in cudaMalloc

}  // namespace

Memory::Memory(Exec& ex, Index bytes, Place place, const char* what) : bytes_(bytes) {
  if (bytes == 0) return;
  if (auto* gpu = std::get_if<GpuExec>(&ex)) {
    owner_ = place == Place::device ? Owner::device : Owner::pinned;
    data_ = place == Place::device ? gpu_allocate(*gpu, bytes, what) : gpu_allocate_pinned(*gpu, bytes, what);
  } else {
    data_ = static_cast<std::byte*>(::operator new(static_cast<std::size_t>(bytes), kAlign, std::nothrow));
    if (data_ == nullptr) fail_out_of_memory(what, bytes);
  }
}

Memory::~Memory() {
  if (owner_ == Owner::device)
    gpu_free(data_);
  else if (owner_ == Owner::pinned)
    gpu_free_pinned(data_);
  else
    ::operator delete(data_, kAlign);
}

Memory::Memory(Memory&& other) noexcept { *this = std::move(other); }
Memory& Memory::operator=(Memory&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(bytes_, other.bytes_);
  std::swap(owner_, other.owner_);
  return *this;
}

void Memory::write(Exec& ex, const void* host, Index bytes) {
  if (bytes == 0) return;
  if (owner_ != Owner::host)
    gpu_copy(std::get<GpuExec>(ex), data_, host, bytes);
  else
    std::memcpy(data_, host, static_cast<std::size_t>(bytes));
}

void Memory::read(Exec& ex, void* host) const {
  if (bytes_ == 0) return;
  if (owner_ != Owner::host)
    gpu_copy(std::get<GpuExec>(ex), host, data_, bytes_);
  else
    std::memcpy(host, data_, static_cast<std::size_t>(bytes_));
}

void Memory::clear(Exec& ex) {
  if (bytes_ == 0) return;
  if (owner_ != Owner::host)
    gpu_clear(std::get<GpuExec>(ex), data_, bytes_);
  else
    std::memset(data_, 0, static_cast<std::size_t>(bytes_));
}

}  // namespace cutract
