#pragma once

#include <span>
#include <string>
#include <vector>

namespace cutract {

struct Audio {
  int sample_rate = 0;         // Hz
  std::vector<float> samples;  // mono, full scale is 1
};

// Decodes WAV, FLAC, NIST SPHERE or OGG by libsndfile; channels are averaged. Throws Error{io} if the file cannot be
// opened and Error{data} if it is no audio, is empty, or holds a sample that is not finite; the text names the file.
Audio read_audio(const std::string& path);

// soxr VHQ. The result has round(n * to / from) samples; equal rates copy.
std::vector<float> resample(std::span<const float> samples, int from_hz, int to_hz);

// Samples as 16-bit FLAC or WAV, by the ending of `path`; written atomically.
void write_audio(const std::string& path, const Audio&);

}  // namespace cutract
