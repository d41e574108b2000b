#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/io/audio.h"

namespace cutract {

// Samples of one channel, full scale 1. They are kept as int16 while all of them are multiples of 2^-15, as those of
// 16-bit files are, and as float otherwise. Reading them returns the same bits either way.
class PackedSamples {
 public:
  void reserve(std::size_t samples);
  void append(std::span<const float>);
  std::size_t size() const { return exact_ ? int16_.size() : float_.size(); }
  std::size_t bytes() const { return int16_.size() * sizeof(std::int16_t) + float_.size() * sizeof(float); }
  void copy(std::size_t first, std::span<float> to) const;  // samples first, first + 1, ...; all of them must exist

 private:
  void keep_as_float();
  bool exact_ = true;
  std::vector<std::int16_t> int16_;
  std::vector<float> float_;
};

// Audio as read_audio and decode_audio return it, with packed samples: half the memory for an hour of 16-bit audio.
struct PackedAudio {
  int sample_rate = 0;  // Hz
  PackedSamples samples;
  std::vector<std::string> notes = {};
};
PackedAudio read_packed_audio(const std::string& path, const AudioOptions& options = {});
PackedAudio decode_packed_audio(std::string_view bytes, const std::string& origin, const AudioOptions& options = {});

}  // namespace cutract
