#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "host/core/view.h"

namespace cutract {

// Reads arrays of a .npz archive: a zip of .npy files, stored or deflated, as np.savez and np.savez_compressed write
// it. It keeps a view of the bytes. Throws Error{data}, naming `origin`, for anything else. Reading an array takes at
// most 8 bytes of memory for each byte of the archive, and 1 MiB; an array that is compressed further is refused.
class NpzArchive {
 public:
  NpzArchive(std::string_view bytes, std::string origin);

  std::vector<std::string> names() const;  // of the arrays, in the order of the archive
  bool has(std::string_view name) const;
  // As decode_npy returns it. Error{data}, with the names that there are, if there is no such array. `used_bytes` is
  // the memory that the caller already took for other arrays of this archive.
  Matrix array(const std::string& name, std::uint64_t used_bytes = 0) const;

 private:
  struct Entry {
    std::string_view name;  // without .npy
    std::uint32_t method = 0, crc = 0, packed = 0, size = 0, header_at = 0;
  };
  void read_entry(std::string_view directory, std::size_t& at);
  std::string_view packed_bytes(const Entry&) const;

  std::string_view bytes_;
  std::string origin_;
  std::vector<Entry> entries_;
};

}  // namespace cutract
