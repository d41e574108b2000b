#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <type_traits>
#include <vector>

#include "host/core/error.h"
#include "host/core/view.h"
#include "host/device/exec.h"

namespace cutract {

// The kind of an executor's memory. shared: memory that the host reads and writes too; for a GPU, pinned host memory,
// which it accesses over the bus without synchronising.
enum class Place { device, shared };

// Uninitialised memory that the ops of an executor can access: host memory for CpuExec, device or pinned host memory
// for GpuExec. The destructor waits for queued work.
class Memory {
 public:
  // Throws Fault::memory, with `what` in the message.
  Memory(Exec&, Index bytes, Place = Place::device, const char* what = "a buffer");
  ~Memory();
  Memory(Memory&&) noexcept;
  Memory& operator=(Memory&&) noexcept;

  std::byte* data() const { return data_; }
  Index bytes() const { return bytes_; }
  // Copy from or to host memory after the work queued on that executor, and wait until the copy is done.
  void write(Exec&, const void* host, Index bytes);  // to the beginning of this memory
  void read(Exec&, void* host) const;
  void clear(Exec&);  // fills with zeros, after the queued work

 private:
  std::byte* data_ = nullptr;
  Index bytes_ = 0;
  enum class Owner { host, device, pinned } owner_ = Owner::host;
};

// GPU allocation: by the driver or by the emulator; throws in a build without a GPU.
std::byte* gpu_allocate(GpuExec&, Index bytes, const char* what);
void gpu_free(std::byte*) noexcept;
std::byte* gpu_allocate_pinned(GpuExec&, Index bytes, const char* what);
void gpu_free_pinned(std::byte*) noexcept;
Index gpu_free_bytes(GpuExec&);  // how much an allocation could still get
void gpu_copy(GpuExec&, void* to, const void* from, Index bytes);
void gpu_clear(GpuExec&, void* at, Index bytes);

// Copies the results of ops from an executor's memory, after the work queued on it.
template <class T>
void copy_to_host(Exec& ex, const T* from, std::span<T> to) {
  if (to.empty()) return;
  if (auto* gpu = std::get_if<GpuExec>(&ex))
    gpu_copy(*gpu, to.data(), from, static_cast<Index>(to.size_bytes()));
  else
    std::memcpy(to.data(), from, to.size_bytes());
}

// Returns the values of an array in an executor's memory, after the work queued on it.
template <class T, int Rank>
std::vector<std::remove_const_t<T>> to_host(Exec& ex, View<T, Rank> v) {
  std::vector<std::remove_const_t<T>> out(static_cast<std::size_t>(v.size()));
  copy_to_host<std::remove_const_t<T>>(ex, v.data, std::span(out));
  return out;
}

// Copies data to an executor's memory for ops that are queued later. The copy is complete when this returns.
template <class T>
void copy_from_host(Exec& ex, T* to, std::span<const T> from) {
  if (from.empty()) return;
  if (auto* gpu = std::get_if<GpuExec>(&ex))
    gpu_copy(*gpu, to, from.data(), static_cast<Index>(from.size_bytes()));
  else
    std::memcpy(to, from.data(), from.size_bytes());
}

// An array of T in the memory of an executor.
template <class T>
class Buffer {
 public:
  Buffer(Exec& ex, Index n, Place place = Place::device, const char* what = "a buffer")
      : memory_(ex, n * static_cast<Index>(sizeof(T)), place, what), n_(n) {}
  Buffer(Exec& ex, std::span<const T> values, const char* what = "a buffer")
      : Buffer(ex, static_cast<Index>(values.size()), Place::device, what) {
    memory_.write(ex, values.data(), memory_.bytes());
  }
  T* data() const { return reinterpret_cast<T*>(memory_.data()); }
  View<T, 1> view() const { return {data(), {n_}}; }
  Index size() const { return n_; }
  void write(Exec& ex, std::span<const T> values) {  // to the beginning of this array
    if (static_cast<Index>(values.size()) > n_) fail(Fault::internal, "buffer: written with more values than it holds");
    memory_.write(ex, values.data(), static_cast<Index>(values.size_bytes()));
  }
  void clear(Exec& ex) { memory_.clear(ex); }
  std::vector<T> values(Exec& ex) const {
    std::vector<T> out(static_cast<std::size_t>(n_));
    memory_.read(ex, out.data());
    return out;
  }

 private:
  Memory memory_;
  Index n_;
};

}  // namespace cutract
