#pragma once

#include <cstddef>

namespace cutract::simt {

constexpr std::size_t kMaxShared = 227 * 1024;  // dynamic shared memory of one block, as on sm_90

// The dynamic shared memory of one block: it ends at a page that may not be touched and begins close behind one, with
// fences of 0xff in what is left. It starts as 0xff, which a float reads as NaN.
class SharedMemory {
 public:
  SharedMemory();
  ~SharedMemory();
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;

  void open(std::size_t bytes);  // at most kMaxShared
  void close();                  // its block has ended: from now on any access faults
  std::byte* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }
  bool contains(const void* at, std::size_t n) const;
  bool near(const void* address) const;  // within the pages reserved here, guards included
  bool fences_intact() const;
  bool front_intact() const;  // all that may be written before the first byte: up to a page, so slower

 private:
  std::byte *pages_ = nullptr, *front_ = nullptr, *data_ = nullptr;
  std::size_t bytes_ = 0;
  bool open_ = false;
};

// Every `__shared__` variable of the program lies in one section, which belongs to the block that is running.
void fill_static_shared();       // with 0xff
bool static_shared_untouched();  // since then
bool in_static_shared(const void* at);

}  // namespace cutract::simt
