#include "train/batch.h"

#include <algorithm>

#include "host/core/plant.h"

namespace cutract {

Batch make_batch(std::span<const Example> examples, std::span<const int> order) {
  Batch batch;
  std::vector<std::int32_t> lengths;
  for (const int i : order) {
    lengths.push_back(static_cast<std::int32_t>(examples[static_cast<std::size_t>(i)].features.rows));
    batch.uid.push_back(static_cast<std::uint32_t>(i));
  }
  batch.ragged = RaggedBatch(lengths);
  if (order.empty()) return batch;
  const Example& first = examples[static_cast<std::size_t>(order[0])];
  const Index frames = batch.ragged.view().frames;
  batch.x = Matrix(frames, first.features.cols);
  batch.target = Matrix(frames, first.targets.cols);
  Index row = 0;
  for (std::size_t b = 0; b < order.size(); ++b) {
    const Example& e = examples[static_cast<std::size_t>(order[b])];
    std::copy(e.features.values.begin(), e.features.values.end(), batch.x.row(row));
    const bool swapped =
        CUTRACT_PLANTED("swapped_offsets") && order.size() > 1 && b < 2;  // the first two change places
    const Index at = !swapped ? row : b == 0 ? lengths[1] : 0;
    std::copy(e.targets.values.begin(), e.targets.values.end(), batch.target.row(at));
    row += e.features.rows;
  }
  return batch;
}

}  // namespace cutract
