#include "host/device/ragged.h"

#include <limits>
#include <string>

#include "host/core/error.h"

namespace cutract {

RaggedBatch::RaggedBatch(std::span<const std::int32_t> lengths) : length_(lengths.begin(), lengths.end()) {
  std::int64_t at = 0;
  for (std::size_t b = 0; b < length_.size(); ++b) {
    if (length_[b] < 1) fail(Fault::internal, "batch: an utterance has no frames");
    if (b > 0 && length_[b] > length_[b - 1]) fail(Fault::internal, "batch: utterances are not sorted longest first");
    offset_.push_back(static_cast<std::int32_t>(at));
    at += length_[b];
    if (at > std::numeric_limits<std::int32_t>::max()) fail(Fault::internal, "batch: more than 2^31 frames");
  }
  frames_ = static_cast<std::int32_t>(at);
}

void expect_ragged(const Exec& ex, std::string_view op, const Ragged& r, Index N) {
  const std::string what = std::string(op) + ".ragged.";
  const Index frames = r.frames;
  expect_shape(what + "offset", r.offset, {r.utterances});
  expect_shape(what + "length", r.length, {r.utterances});
  expect_shape(what + "frames", &frames, &N, 1);
  if (!std::holds_alternative<CpuExec>(ex) || r.utterances == 0) return;
  const Index filled = Index{r.offset.data[r.utterances - 1]} + r.length.data[r.utterances - 1];
  expect_shape(what + "frames", &filled, &N, 1);
}

Ragged RaggedBatch::view() const {
  const auto n = static_cast<Index>(length_.size());
  return {{offset_.data(), {n}},
          {length_.data(), {n}},
          static_cast<std::int32_t>(n),
          frames_,
          length_.empty() ? 0 : length_.front()};
}

}  // namespace cutract
