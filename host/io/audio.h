#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cutract {

struct Audio {
  int sample_rate = 0;         // Hz
  std::vector<float> samples;  // mono, full scale is 1
  // What the reader noticed about the file, for example "its 2 channels differ (channel 2 is channel 1 inverted) and
  // were averaged". The caller logs these, with the file's name in front and, after it, its own way to choose.
  std::vector<std::string> notes = {};
};

struct AudioOptions {
  int channel = 0;                                    // 0: the average of all channels; 1, 2, ...: this channel alone
  std::int64_t most_samples = std::int64_t{1} << 29;  // of one channel, longer audio is refused: 9 hours at 16 kHz
};

// Decodes WAV (also RIFX, RF64 and W64), FLAC, NIST SPHERE, OGG, MP3, AIFF or AU by libsndfile and makes it mono as
// `options` say. Averaging channels that differ leaves a note; copies of one signal do not. Throws Error{io} if the
// file cannot be opened and Error{data} if it is not audio, has a header that cannot be true, is cut off, holds audio
// that the decoder does not reach (host/io/audio_container.h), is empty, lacks the chosen channel, or holds a sample
// that is not finite; the text names the file. Memory grows with what is decoded, never with what a header announces.
// read_audio takes what the user names, a pipe too. read_audio_file takes regular files only: for what a corpus names.
Audio read_audio(const std::string& path, const AudioOptions& options = {});
Audio read_audio_file(const std::string& path, const AudioOptions& options = {});
Audio decode_audio(std::string_view bytes, const std::string& origin, const AudioOptions& options = {});

// soxr VHQ. The result has ceil(n * to / from) samples, as librosa has it; equal rates copy.
std::vector<float> resample(std::span<const float> samples, int from_hz, int to_hz);

// Samples as 16-bit FLAC or WAV, by the ending of `path`; written atomically. Beyond full scale they are clipped.
void write_audio(const std::string& path, const Audio&);

}  // namespace cutract
