#include "host/core/philox.h"

namespace cutract {

std::uint32_t PhiloxStream::next() {
  if (left_ == 0) {
    have_ = philox(key_, {{static_cast<std::uint32_t>(block_), static_cast<std::uint32_t>(block_ >> 32), 0, 0}});
    ++block_;
    left_ = 4;
  }
  return have_.v[4 - left_--];
}

std::uint64_t PhiloxStream::below(std::uint64_t n) {
  const std::uint64_t limit = ~std::uint64_t{0} - ~std::uint64_t{0} % n;  // the last, incomplete run of n is rejected
  for (;;) {
    const std::uint64_t hi = next(), r = hi << 32 | next();
    if (r < limit) return r % n;
  }
}

std::uint64_t name_hash(std::string_view name) {
  std::uint64_t h = 0xcbf29ce484222325u;
  for (const char c : name) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return h;
}

}  // namespace cutract
