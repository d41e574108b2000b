#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "features/dataset.h"
#include "host/core/ragged.h"
#include "host/core/view.h"

namespace cutract {

// Some utterances, packed: no padding anywhere.
struct Batch {
  RaggedBatch ragged;
  Matrix x, target;                // [N,F], [N,P]
  std::vector<std::uint32_t> uid;  // [B] index of each utterance in its dataset
};

// `order` holds indices into `examples`, longest first.
Batch make_batch(std::span<const Example> examples, std::span<const int> order);

}  // namespace cutract
