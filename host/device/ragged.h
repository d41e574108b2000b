#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "host/core/view.h"
#include "host/device/exec.h"

namespace cutract {

// The place of each utterance in a packed batch. Utterances are sorted by length, longest first; none is empty. On a
// GPU, `frames`, the number of rows of a packed array, may exceed the total of the utterances. The rows after the last
// utterance hold finite values on which no result depends, and their gradients are zero, so batches with different
// lengths can share the launches of one graph.
struct Ragged {
  View<const std::int32_t, 1> offset, length;  // [B] first row and number of rows of each utterance
  std::int32_t utterances = 0, frames = 0, longest = 0;
  View<const std::int32_t, 1> host_length = {};  // [B] lengths in host memory, for cuDNN; null: not available
};

// Throws Fault::internal, naming the op, unless `r` describes arrays of N rows. On the CPU, also throws if there are
// rows after the last utterance.
void expect_ragged(const Exec&, std::string_view op, const Ragged& r, Index N);

// Owns the arrays of a Ragged whose utterances have these lengths and are stored one after another.
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
