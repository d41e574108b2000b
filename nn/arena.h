#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include "host/core/view.h"

namespace cutract {

// Memory that is handed out from its beginning. Without memory it only counts, so that the same code first finds out
// how much is needed and then lays it out.
class Arena {
 public:
  explicit Arena(std::byte* base = nullptr) : base_(base) {}

  // Each array begins at a multiple of 256 bytes, which libraries require and GPUs prefer.
  template <class T, int Rank>
  View<T, Rank> take(std::array<Index, Rank> shape) {
    Index bytes = sizeof(T);
    for (const Index extent : shape) bytes *= extent;
    std::byte* at = base_ ? base_ + used_ : nullptr;
    used_ += (bytes + 255) / 256 * 256;
    most_ = std::max(most_, used_);
    return {reinterpret_cast<T*>(at), shape};
  }

  Index used() const { return used_; }
  // What was handed out after `used` bytes were in use may be handed out again.
  void rewind(Index used = 0) { used_ = used; }
  Index most() const { return most_; }  // the most bytes ever in use

 private:
  std::byte* base_;
  Index used_ = 0, most_ = 0;
};

}  // namespace cutract
