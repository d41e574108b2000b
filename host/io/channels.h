#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace cutract {

// Makes interleaved channels mono, block by block: the average of all channels, or one of them. It also measures how
// far each channel is from the first.
class ChannelMixer {
 public:
  // `channel` 0: the average; otherwise a channel counted from 1, which must exist.
  ChannelMixer(std::size_t channels, int channel);

  // Appends one mono sample for each whole frame of `block`.
  void add(std::span<const float> block, std::vector<float>& mono);

  // Returns a sentence without its subject if channels that differ were averaged, otherwise "".
  std::string note() const;

 private:
  struct Sums {
    double energy = 0, with_first = 0, difference = 0;  // sums of squares, products with channel 1, squared differences
  };
  std::string describe(std::size_t channel) const;
  bool differs(std::size_t channel) const;

  std::size_t channels_;
  std::size_t chosen_;  // equal to channels_: the average
  std::vector<Sums> sums_;
};

}  // namespace cutract
