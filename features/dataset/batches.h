#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "features/dataset/dataset.h"
#include "host/core/view.h"
#include "host/device/memory.h"
#include "host/device/ragged.h"
#include "kernels/optim/step_scalars.h"

namespace cutract {

// Utterances packed without padding. The views point into buffers of Batches and are valid until the next batch is
// loaded.
struct Batch {
  View<const float, 2> x, target;  // [N, F], [N, P]
  Ragged ragged;
  View<const std::uint32_t, 1> uid;  // [B] indices into the examples
};

// The batches of a dataset. Features stay in the memory into which they were loaded. On a GPU, targets are uploaded
// once if they fit in half of the free memory. Data that do not fit stay in pinned host memory and cross the bus batch
// by batch, when a batch is packed.
class Batches {
 public:
  // The examples must outlive this object and stay unchanged. Allocates all the memory that will ever be needed.
  Batches(Exec&, std::span<const Example> examples, int batch_size);

  // Sets the batches of an epoch. A batch is at most batch_size indices into the examples, longest first; there are at
  // most as many batches as examples. Throws Error{internal} otherwise.
  void set(Exec&, const std::vector<std::vector<int>>& order);
  Index size() const { return static_cast<Index>(order_.size()); }
  const std::vector<int>& order(Index batch) const { return order_[static_cast<std::size_t>(batch)]; }
  Index frames(Index batch) const { return frames_[static_cast<std::size_t>(batch)]; }
  Index most_rows() const { return most_rows_; }                // rows of the largest batch
  const std::vector<int>& longest() const { return longest_; }  // the largest batch

  // Packs the batch with this number, with its lengths on the host too.
  Batch load(Exec&, Index batch);
  // Packs the batch that `record` says is next. It has this number of utterances, and `rows` is at least its number of
  // frames; on the CPU, exactly that.
  Batch next(Exec&, View<const StepRecord, 1> record, Index utterances, Index rows);

 private:
  std::vector<const float*> place_targets(Exec&, std::span<const Example>);
  Batch pack(Exec&, const Ragged&, View<const std::uint32_t, 1> uid);

  std::vector<std::int32_t> lengths_;
  Index batch_size_;
  std::vector<int> longest_;
  Index most_rows_, features_, outputs_;
  std::optional<Buffer<float>> targets_;                 // of all examples; none on the CPU
  Buffer<const float*> feature_source_, target_source_;  // [U] where each example's rows begin
  std::vector<std::vector<int>> order_;
  std::vector<Index> frames_;
  std::vector<std::int32_t> host_lengths_;     // as lengths_of_
  Buffer<std::int32_t> offsets_, lengths_of_;  // [U, batch_size_] of every batch
  Buffer<std::uint32_t> uids_;
  Buffer<std::int32_t> offset_, length_;  // [batch_size_] of the next batch
  Buffer<std::uint32_t> uid_;
  Buffer<float> x_, target_;
};

// Indices of the longest examples, longest first: the batch that takes most memory. Empty if there are no examples.
std::vector<int> longest_batch(std::span<const Example>, int batch_size);

// Rows for a batch of this many frames on a GPU: at most a sixteenth more, so that few graphs serve all batches.
Index bucket_rows(Index frames);

}  // namespace cutract
