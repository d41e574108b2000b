#include "host/io/channels.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace cutract {
namespace {

// Differences this far below the louder channel (40 dB) come from lossy codecs or from two converters on one
// microphone, and averaging is harmless.
constexpr double kCopy = 1e-4;
constexpr double kSilent = 1e-8;  // relative to the louder channel's energy: 80 dB
constexpr double kInverted = -0.9;

}  // namespace

ChannelMixer::ChannelMixer(std::size_t channels, int channel)
    : channels_(channels),
      chosen_(channel > 0 ? static_cast<std::size_t>(channel) - 1 : channels),
      sums_(channel > 0 ? 0 : channels) {}

void ChannelMixer::add(std::span<const float> block, std::vector<float>& mono) {
  const std::size_t frames = block.size() / channels_;
  for (std::size_t i = 0; i < frames; ++i) {
    const float* frame = block.data() + i * channels_;
    if (chosen_ < channels_) {
      mono.push_back(frame[chosen_]);
      continue;
    }
    double sum = 0;
    for (std::size_t c = 0; c < channels_; ++c) {
      const double v = frame[c];
      sum += v;
      sums_[c].energy += v * v;
      sums_[c].with_first += v * frame[0];
      sums_[c].difference += (v - frame[0]) * (v - frame[0]);
    }
    mono.push_back(static_cast<float>(sum / static_cast<double>(channels_)));
  }
}

bool ChannelMixer::differs(std::size_t channel) const {
  return sums_[channel].difference > kCopy * std::max(sums_[0].energy, sums_[channel].energy);
}

std::string ChannelMixer::describe(std::size_t channel) const {
  const Sums &first = sums_[0], &other = sums_[channel];
  const double loudest = std::max(first.energy, other.energy);
  if (other.energy < kSilent * loudest) return fmt::format("channel {} is silent", channel + 1);
  if (first.energy < kSilent * loudest) return fmt::format("channel 1 is silent, channel {} is not", channel + 1);
  const double correlation = other.with_first / std::sqrt(first.energy * other.energy);
  const double level = 10 * std::log10(other.energy / first.energy);
  if (correlation < kInverted)
    return fmt::format("channel {} is channel 1 inverted: correlation {:.2f}", channel + 1, correlation);
  return fmt::format("channel {} differs from channel 1: correlation {:.2f}, level {:+.1f} dB", channel + 1,
                     correlation, level);
}

std::string ChannelMixer::note() const {
  std::size_t differing = 0;
  std::size_t example = 0;
  for (std::size_t c = 1; c < sums_.size(); ++c) {
    if (!differs(c)) continue;
    ++differing;
    if (example == 0) example = c;
  }
  if (differing == 0) return "";
  const std::string more = differing > 1 ? fmt::format("; {} more differ from it", differing - 1) : "";
  return fmt::format("its {} channels are not the same ({}{}) and were averaged", channels_, describe(example), more);
}

}  // namespace cutract
