#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace cutract {

// The accepted range of a header's sample rate and number of channels. Other values mean that the header is damaged.
constexpr int kLowestRate = 1000, kHighestRate = 768000;  // Hz; the fastest converters run at 768 kHz
constexpr int kMostChannels = 64;                         // as in the largest multitrack recorders in use

// An audio file as its own structure describes it, before any decoder has run.
struct AudioContainer {
  std::string_view bytes;    // without the tags at the start and the end
  std::int64_t frames = -1;  // samples per channel that the header announces; -1: not announced
  bool flac = false;
};

// Walks the structure of a WAV (RIFF, RIFX, RF64), W64, AIFF, AU, NIST SPHERE, FLAC, OGG or MP3 file. Throws
// Error{data} for a file of a different kind, naming the kind; for a codec whose decoder cannot be trusted; for a file
// that ends before its structure does; and for one with audio that a decoder would not reach: a second data chunk,
// samples after those announced, an unfinished header, or files joined end to end. ID3 and APE tags are skipped. An MP3
// file that was cut between two frames is detected only if a Xing or Info header gives the number of frames.
AudioContainer inspect_audio(std::string_view bytes, const std::string& origin);

// Throws Error{data} if a header's values are impossible.
void check_rate_and_channels(std::int64_t rate, std::int64_t channels, const std::string& origin);

}  // namespace cutract
