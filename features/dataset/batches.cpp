#include "features/dataset/batches.h"

#include <algorithm>
#include <array>
#include <bit>

#include "features/dataset/batcher.h"
#include "host/core/error.h"
#include "host/core/plant.h"
#include "kernels/gather.h"
#include "kernels/optim/next_batch.h"

namespace cutract {
namespace {

Index rows_of_longest(const Exec& ex, std::span<const Example> examples, const std::vector<int>& longest) {
  Index frames = 0;
  for (const int i : longest) frames += examples[static_cast<std::size_t>(i)].features.rows();
  return std::holds_alternative<CpuExec>(ex) ? frames : bucket_rows(frames);
}

std::vector<const float*> feature_rows(std::span<const Example> examples) {
  std::vector<const float*> at;
  at.reserve(examples.size());
  for (const Example& e : examples) at.push_back(e.features.view().data);
  return at;
}

// The address of each example's targets: one example after the next from `there`, or the example's own matrix if that
// is null.
std::vector<const float*> target_rows(std::span<const Example> examples, const float* there) {
  std::vector<const float*> at;
  at.reserve(examples.size());
  for (const Example& e : examples) {
    at.push_back(there ? there : e.targets.values.data());
    if (there) there += e.targets.values.size();
  }
  if (CUTRACT_PLANTED("swapped_offsets")) std::swap(at.front(), at.back());
  return at;
}

}  // namespace

std::vector<int> longest_batch(std::span<const Example> examples, int batch_size) {
  if (examples.empty()) return {};
  return ordered_batches(lengths_of(examples), batch_size)[0];
}

Index bucket_rows(Index frames) {
  constexpr Index kLeast = 32;
  const Index step =
      std::max(kLeast, static_cast<Index>(std::bit_floor(static_cast<std::uint64_t>(std::max<Index>(frames, 1)))) / 16);
  return (frames + step - 1) / step * step;
}

// Puts the targets into memory that the executor reads, and returns their addresses.
std::vector<const float*> Batches::place_targets(Exec& ex, std::span<const Example> examples) {
  if (std::holds_alternative<CpuExec>(ex)) return target_rows(examples, nullptr);
  std::vector<float> all;
  for (const Example& e : examples) all.insert(all.end(), e.targets.values.begin(), e.targets.values.end());
  const bool fits = static_cast<Index>(all.size() * sizeof(float)) <= gpu_free_bytes(std::get<GpuExec>(ex)) / 2;
  targets_.emplace(ex, static_cast<Index>(all.size()), fits ? Place::device : Place::shared, "targets");
  targets_->write(ex, all);
  return target_rows(examples, targets_->data());
}

Batches::Batches(Exec& ex, std::span<const Example> examples, int batch_size)
    : lengths_(lengths_of(examples)),
      batch_size_(batch_size),
      longest_(longest_batch(examples, batch_size)),
      most_rows_(rows_of_longest(ex, examples, longest_)),
      features_(examples.empty() ? 0 : examples[0].features.cols()),
      outputs_(examples.empty() ? 0 : examples[0].targets.cols),
      feature_source_(ex, feature_rows(examples)),
      target_source_(ex, place_targets(ex, examples)),
      offsets_(ex, std::ssize(examples) * batch_size),
      lengths_of_(ex, std::ssize(examples) * batch_size),
      uids_(ex, std::ssize(examples) * batch_size),
      offset_(ex, batch_size),
      length_(ex, batch_size),
      uid_(ex, batch_size),
      x_(ex, most_rows_ * features_, Place::device, "the features of a batch"),
      target_(ex, most_rows_ * outputs_, Place::device, "the targets of a batch") {}

void Batches::set(Exec& ex, const std::vector<std::vector<int>>& order) {
  if (order.size() > lengths_.size()) fail(Fault::internal, "batches: more batches than utterances");
  order_ = order;
  frames_.clear();
  std::vector<std::int32_t> offsets, lengths;
  std::vector<std::uint32_t> uids;
  for (const std::vector<int>& batch : order) {
    if (std::ssize(batch) > batch_size_) fail(Fault::internal, "batches: a batch is larger than batch_size");
    std::vector<std::int32_t> own;
    own.reserve(batch.size());
    for (const int i : batch) own.push_back(lengths_[static_cast<std::size_t>(i)]);
    const RaggedBatch ragged(own);
    for (Index b = 0; b < batch_size_; ++b) {
      const bool there = b < std::ssize(batch);
      offsets.push_back(there ? ragged.view().offset.data[b] : 0);
      lengths.push_back(there ? ragged.view().length.data[b] : 0);
      uids.push_back(there ? static_cast<std::uint32_t>(batch[static_cast<std::size_t>(b)]) : 0);
    }
    frames_.push_back(ragged.view().frames);
  }
  host_lengths_ = lengths;
  offsets_.write(ex, offsets);
  lengths_of_.write(ex, lengths);
  uids_.write(ex, uids);
}

Batch Batches::load(Exec& ex, Index batch) {
  const auto B = std::ssize(order(batch));
  const auto at = batch * batch_size_;
  Ragged r{{offsets_.data() + at, {B}},
           {lengths_of_.data() + at, {B}},
           static_cast<std::int32_t>(B),
           static_cast<std::int32_t>(frames(batch)),
           B > 0 ? lengths_[static_cast<std::size_t>(order(batch)[0])] : 0};
  r.host_length = {host_lengths_.data() + at, {B}};
  return pack(ex, r, {uids_.data() + at, {B}});
}

Batch Batches::next(Exec& ex, View<const StepRecord, 1> record, Index utterances, Index rows) {
  const std::array<Index, 2> plan{std::ssize(lengths_), batch_size_};
  const View<std::int32_t, 1> offset(offset_.data(), {utterances}), length(length_.data(), {utterances});
  const View<std::uint32_t, 1> uid(uid_.data(), {utterances});
  next_batch(ex,
             {{offsets_.data(), plan}, {lengths_of_.data(), plan}, {uids_.data(), plan}, record, offset, length, uid});
  const auto longest = static_cast<std::int32_t>(rows);  // an upper bound, because only the device knows the batch
  return pack(ex, {offset, length, static_cast<std::int32_t>(utterances), static_cast<std::int32_t>(rows), longest},
              uid);
}

Batch Batches::pack(Exec& ex, const Ragged& ragged, View<const std::uint32_t, 1> uid) {
  const View<float, 2> x(x_.data(), {ragged.frames, features_}), target(target_.data(), {ragged.frames, outputs_});
  gather(ex, {feature_source_.view(), uid, ragged, x});
  gather(ex, {target_source_.view(), uid, ragged, target});
  return {x, target, ragged, uid};
}

}  // namespace cutract
