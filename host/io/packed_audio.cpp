#include "host/io/packed_audio.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace cutract {
namespace {

constexpr float kStep = 0x1p-15f;

float unpacked(std::int16_t v) { return static_cast<float>(v) * kStep; }

// Compares bits, so that -0, which int16 lacks, stays what it is.
bool fits_int16(float v) {
  if (!(v >= -1 && v < 1)) return false;
  return std::bit_cast<std::uint32_t>(unpacked(static_cast<std::int16_t>(v / kStep))) ==
         std::bit_cast<std::uint32_t>(v);
}

}  // namespace

void PackedSamples::reserve(std::size_t samples) {
  if (exact_)
    int16_.reserve(samples);
  else
    float_.reserve(samples);
}

void PackedSamples::keep_as_float() {
  float_.reserve(int16_.capacity());
  for (const std::int16_t v : int16_) float_.push_back(unpacked(v));
  std::vector<std::int16_t>().swap(int16_);
  exact_ = false;
}

void PackedSamples::append(std::span<const float> samples) {
  if (exact_ && !std::all_of(samples.begin(), samples.end(), fits_int16)) keep_as_float();
  if (!exact_) {
    float_.insert(float_.end(), samples.begin(), samples.end());
    return;
  }
  for (const float v : samples) int16_.push_back(static_cast<std::int16_t>(v / kStep));
}

void PackedSamples::copy(std::size_t first, std::span<float> to) const {
  if (exact_)
    std::transform(int16_.data() + first, int16_.data() + first + to.size(), to.begin(), unpacked);
  else
    std::copy_n(float_.data() + first, to.size(), to.begin());
}

}  // namespace cutract
