#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "features/dataset.h"
#include "host/core/memory.h"
#include "host/core/ragged.h"
#include "host/core/view.h"

namespace cutract {

// Some utterances, packed, where they are computed with: no padding anywhere.
class Batch {
 public:
  // `order` holds indices into `examples`, longest first.
  Batch(Exec&, std::span<const Example> examples, std::span<const int> order);

  Index frames() const { return ragged_.frames; }
  Ragged ragged() const { return ragged_; }
  View<const float, 2> x() const { return {x_.data(), {frames(), features_}}; }           // [N,F]
  View<const float, 2> target() const { return {target_.data(), {frames(), outputs_}}; }  // [N,P]
  View<const std::uint32_t, 1> uid() const { return uid_.view(); }                        // [B] indices into examples

 private:
  struct Packed;
  Batch(Exec&, const Packed&);
  Index features_, outputs_;
  Buffer<std::int32_t> offset_, length_;
  Buffer<std::uint32_t> uid_;
  Buffer<float> x_, target_;
  std::vector<std::int32_t> lengths_;
  Ragged ragged_;
};

}  // namespace cutract
