#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "host/core/view.h"

namespace cutract {

// Where each utterance of a packed batch lies. Utterances are sorted by length, longest first; none is empty.
struct Ragged {
  View<const std::int32_t, 1> offset, length;  // [B] first row, and rows, of each utterance
  std::int32_t utterances = 0, frames = 0, longest = 0;
  View<const std::int32_t, 1> host_length = {};  // [B] length in host memory, for cuDNN; null: not kept
};

// Owns the arrays of a Ragged for utterances of these lengths laid one after another.
class RaggedBatch {
 public:
  RaggedBatch() = default;
  explicit RaggedBatch(std::span<const std::int32_t> lengths);  // Fault::internal unless descending and >= 1
  Ragged view() const;

 private:
  std::vector<std::int32_t> offset_, length_;
  std::int32_t frames_ = 0;
};

}  // namespace cutract
