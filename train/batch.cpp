#include "train/batch.h"

#include <algorithm>

#include "host/core/plant.h"

namespace cutract {

// The same in host memory.
struct Batch::Packed {
  RaggedBatch ragged;
  Matrix x, target;
  std::vector<std::uint32_t> uid;
  Packed(std::span<const Example> examples, std::span<const int> order);
};

Batch::Packed::Packed(std::span<const Example> examples, std::span<const int> order) {
  std::vector<std::int32_t> lengths;
  for (const int i : order) {
    lengths.push_back(static_cast<std::int32_t>(examples[static_cast<std::size_t>(i)].features.rows));
    uid.push_back(static_cast<std::uint32_t>(i));
  }
  ragged = RaggedBatch(lengths);
  if (order.empty()) return;
  const Example& first = examples[static_cast<std::size_t>(order[0])];
  const Index frames = ragged.view().frames;
  x = Matrix(frames, first.features.cols);
  target = Matrix(frames, first.targets.cols);
  Index row = 0;
  for (std::size_t b = 0; b < order.size(); ++b) {
    const Example& e = examples[static_cast<std::size_t>(order[b])];
    std::copy(e.features.values.begin(), e.features.values.end(), x.row(row));
    const bool swapped =
        CUTRACT_PLANTED("swapped_offsets") && order.size() > 1 && b < 2;  // the first two change places
    const Index at = !swapped ? row : b == 0 ? lengths[1] : 0;
    std::copy(e.targets.values.begin(), e.targets.values.end(), target.row(at));
    row += e.features.rows;
  }
}

namespace {

template <class T>
std::span<const T> span_of(View<const T, 1> v) {
  return {v.data, static_cast<std::size_t>(v.size())};
}

}  // namespace

Batch::Batch(Exec& ex, std::span<const Example> examples, std::span<const int> order)
    : Batch(ex, Packed(examples, order)) {}

Batch::Batch(Exec& ex, const Packed& p)
    : features_(p.x.cols),
      outputs_(p.target.cols),
      offset_(ex, span_of(p.ragged.view().offset)),
      length_(ex, span_of(p.ragged.view().length)),
      uid_(ex, p.uid),
      x_(ex, p.x.values),
      target_(ex, p.target.values),
      lengths_(p.ragged.view().length.data, p.ragged.view().length.data + p.ragged.view().utterances),
      ragged_(p.ragged.view()) {
  ragged_.host_length = {lengths_.data(), {static_cast<Index>(lengths_.size())}};
  ragged_.offset = offset_.view(), ragged_.length = length_.view();
}

}  // namespace cutract
