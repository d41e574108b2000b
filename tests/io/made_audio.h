#pragma once

// Audio files as bytes, put together by hand where a test needs a certain header.
#include <sndfile.h>

#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <string>
#include <vector>

#include "tests/support/support.h"

namespace cutract::test {

inline std::string le(std::uint64_t v, int bytes) {
  std::string out;
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(v >> (8 * i) & 255);
  return out;
}
inline std::string chunk(const std::string& id, const std::string& body) {
  return id + le(body.size(), 4) + body + std::string(body.size() & 1, '\0');
}
inline std::string format(int tag, int channels, int rate, int bits, const std::string& more = "") {
  return chunk("fmt ", le(static_cast<std::uint64_t>(tag), 2) + le(static_cast<std::uint64_t>(channels), 2) +
                           le(static_cast<std::uint64_t>(rate), 4) +
                           le(static_cast<std::uint64_t>(rate) * static_cast<std::uint64_t>(channels) *
                                  static_cast<std::uint64_t>(bits) / 8,
                              4) +
                           le(static_cast<std::uint64_t>(channels * bits / 8), 2) +
                           le(static_cast<std::uint64_t>(bits), 2) + more);
}
inline std::string riff(const std::string& chunks) { return "RIFF" + le(4 + chunks.size(), 4) + "WAVE" + chunks; }
inline std::string pcm16(std::initializer_list<int> values) {
  std::string out;
  for (const int v : values) out += le(static_cast<std::uint64_t>(v), 2);
  return out;
}
inline std::string floats(std::initializer_list<float> values) {
  return {reinterpret_cast<const char*>(std::data(values)), values.size() * 4};
}

// A file that libsndfile writes in that format, with `frames` frames of a sine in each channel.
inline std::string written(const TempFolder& folder, const std::string& name, int major, int subtype, int channels,
                           int frames) {
  SF_INFO info{};
  info.samplerate = 16000;
  info.channels = channels;
  info.format = major | subtype;
  SNDFILE* f = sf_open((folder / name).c_str(), SFM_WRITE, &info);
  if (!f) return "";
  std::vector<float> x(static_cast<std::size_t>(frames * channels));
  for (std::size_t i = 0; i < x.size(); ++i)
    x[i] = 0.5f * static_cast<float>(std::sin(0.05 * static_cast<double>(i / channels)));
  sf_writef_float(f, x.data(), frames);
  sf_close(f);
  return folder / name;
}

}  // namespace cutract::test
