#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "host/core/view.h"

// The parts of decoding a .npy array, for readers that do not have all of its bytes at once.
namespace cutract {

struct NpyFormat {
  std::uint64_t rows = 0, cols = 0;
  std::size_t number_bytes = 0;
  float (*get)(const char*) = nullptr;  // converts one number in this machine's byte order
  bool big_endian = false, fortran = false;
  std::size_t data_at = 0;  // where the numbers begin
};

// Returns where the numbers begin. `start` holds the first 12 bytes of the array. Throws as read_npy_format does.
std::uint64_t npy_data_at(std::string_view start, const std::string& origin);

// Reads and checks the header of an array of `total` bytes, of which `bytes` are the first, up to its numbers at least.
// Throws Error{data}, naming `origin`.
NpyFormat read_npy_format(std::string_view bytes, std::uint64_t total, const std::string& origin);

// Converts the numbers of an array, which may come in pieces of whole numbers.
class NpyValues {
 public:
  explicit NpyValues(const NpyFormat&);
  void take(std::string_view data);
  Matrix matrix();  // gives the array away

 private:
  NpyFormat format_;
  Matrix matrix_;
  std::size_t done_ = 0;
};

}  // namespace cutract
