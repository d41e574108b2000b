#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "host/core/exec.h"
#include "host/core/view.h"

namespace cutract {

// Where each utterance of a packed batch lies. Utterances are sorted by length, longest first; none is empty. On a GPU
// `frames`, the rows of a packed array, may be more than the utterances have: rows behind the last one hold zeros where
// an op reads them, and so batches of unlike lengths can share the launches of one graph.
struct Ragged {
  View<const std::int32_t, 1> offset, length;  // [B] first row, and rows, of each utterance
  std::int32_t utterances = 0, frames = 0, longest = 0;
  View<const std::int32_t, 1> host_length = {};  // [B] length in host memory, for cuDNN; null: not kept
};

// Throws Fault::internal, naming the op, unless `r` describes arrays of N rows; on the CPU also if there are rows
// behind the last utterance.
void expect_ragged(const Exec&, std::string_view op, const Ragged& r, Index N);

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
