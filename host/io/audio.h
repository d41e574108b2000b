#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cutract {

struct Audio {
  int sample_rate = 0;         // Hz
  std::vector<float> samples;  // mono, full scale is 1
};

// Decodes WAV, FLAC, NIST SPHERE or OGG by libsndfile; channels are averaged. Throws Error{io} if the file cannot be
// opened and Error{data} if it is no audio, is cut off, is empty, or holds a sample that is not finite; the text names
// the file. Codecs other than PCM, float, A-law and mu-law are refused in WAV before libsndfile sees them.
Audio read_audio(const std::string& path);
Audio decode_audio(std::string_view bytes, const std::string& origin);

// soxr VHQ. The result has round(n * to / from) samples; equal rates copy.
std::vector<float> resample(std::span<const float> samples, int from_hz, int to_hz);

// Samples as 16-bit FLAC or WAV, by the ending of `path`; written atomically. Beyond full scale they are clipped.
void write_audio(const std::string& path, const Audio&);

}  // namespace cutract
