#pragma once

#include <cstddef>
#include <string>

namespace cutract::fuzz {

// Measures the heap that is used while an object of this class lives. Only AddressSanitizer can tell; other builds
// measure 0.
class Heap {
 public:
  explicit Heap(std::size_t input_bytes);
  ~Heap();
  Heap(const Heap&) = delete;
  Heap& operator=(const Heap&) = delete;

  std::size_t peak() const;
  static std::string largest();  // see largest_heap()

 private:
  std::size_t input_bytes_;
};

}  // namespace cutract::fuzz
