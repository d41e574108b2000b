#pragma once

#include <cstddef>

namespace cutract::simt {

constexpr std::size_t kMaxShared = 227 * 1024;  // dynamic shared memory of one block, as on sm_90

// The dynamic shared memory of one block. It ends at an inaccessible page and begins shortly after another one; the
// remaining bytes are fences of 0xff. The memory is initialised to 0xff, which reads as NaN in a float.
class SharedMemory {
 public:
  SharedMemory();
  ~SharedMemory();
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;

  void open(std::size_t bytes);  // at most kMaxShared
  void close();                  // its block has ended: any further access faults
  std::byte* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }
  bool contains(const void* at, std::size_t n) const;
  bool near(const void* address) const;  // whether it is within the pages reserved here, including the guards
  bool fences_intact() const;
  bool front_intact() const;  // checks all writable bytes before the first one, up to a page, so slower

 private:
  std::byte *pages_ = nullptr, *front_ = nullptr, *data_ = nullptr;
  std::size_t bytes_ = 0;
  bool open_ = false;
};

// All `__shared__` variables of the program are in one section, which belongs to the running block.
void fill_static_shared();       // fills it with 0xff
bool static_shared_untouched();  // whether it is unchanged since then
bool in_static_shared(const void* at);

}  // namespace cutract::simt
