#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace cutract {

// The range in which a header's sample rate and number of channels are believed. Anything else is a damaged header.
constexpr int kLowestRate = 1000, kHighestRate = 768000;  // Hz; converters end at 768 kHz
constexpr int kMostChannels = 64;                         // of the largest multitrack recorders in use

// An audio file as its own structure describes it, before any decoder has run.
struct AudioContainer {
  std::string_view bytes;    // without the tags in front and behind
  std::int64_t frames = -1;  // samples per channel that the header announces; -1: it does not
  bool flac = false;
};

// Walks the structure of a WAV (RIFF, RIFX, RF64), W64, AIFF, AU, NIST SPHERE, FLAC, OGG or MP3 file. Throws
// Error{data} for other files, naming what they are; for codecs whose decoders are not to be trusted; for a file that
// ends before its structure does; and for one with audio that a decoder would not reach: a second data chunk, samples
// after those announced, an unfinished header, files joined end to end. ID3 and APE tags are skipped. An MP3 file that
// was cut between two frames is noticed only if a Xing or Info header gives their number.
AudioContainer inspect_audio(std::string_view bytes, const std::string& origin);

// Throws Error{data} if a header's values cannot be true.
void check_rate_and_channels(std::int64_t rate, std::int64_t channels, const std::string& origin);

}  // namespace cutract
