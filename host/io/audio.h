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
  // were averaged". The caller logs these after the file's name, and adds how the user can choose a channel.
  std::vector<std::string> notes = {};
};

struct AudioOptions {
  int channel = 0;                                    // 0: the average of all channels; 1, 2, ...: this channel alone
  std::int64_t most_samples = std::int64_t{1} << 29;  // per channel; longer audio is refused: 9 hours at 16 kHz
};

// Decodes WAV (also RIFX, RF64 and W64), FLAC, NIST SPHERE, OGG, MP3, AIFF or AU with libsndfile and makes it mono
// according to `options`. Averaging channels that differ adds a note; averaging copies of one signal does not. Throws
// Error{io} if the file cannot be opened. Throws Error{data} if it is not audio, has an impossible header, is cut off,
// holds audio that the decoder does not reach (host/io/audio_container.h), is empty, lacks the chosen channel, or holds
// a sample that is not finite; the text names the file. Memory grows with what is decoded, never with what a header
// announces. read_audio takes any path that the user names, including a pipe. read_audio_file takes regular files only,
// and is for files that a corpus names.
Audio read_audio(const std::string& path, const AudioOptions& options = {});
Audio read_audio_file(const std::string& path, const AudioOptions& options = {});
Audio decode_audio(std::string_view bytes, const std::string& origin, const AudioOptions& options = {});

// Resamples with soxr VHQ. The result has ceil(n * to / from) samples, as in librosa; if the rates are equal it is a
// copy.
std::vector<float> resample(std::span<const float> samples, int from_hz, int to_hz);

// Encodes samples as 16-bit FLAC or WAV, chosen by the ending of `path`, and writes them atomically. Samples beyond
// full scale are clipped.
void write_audio(const std::string& path, const Audio&);

}  // namespace cutract
