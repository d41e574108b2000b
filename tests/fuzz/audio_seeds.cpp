#include "tests/fuzz/audio_seeds.h"

#include <sndfile.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <vector>

#include "tests/fuzz/scratch.h"

namespace cutract::fuzz {
namespace {

struct Closer {
  void operator()(SNDFILE* f) const { sf_close(f); }
};

std::string encoded(int format, int channels, int frames) {
  const std::string path = write_scratch("seed.audio", "");
  SF_INFO info{};
  info.samplerate = 8000;
  info.channels = channels;
  info.format = format;
  const std::unique_ptr<SNDFILE, Closer> out(sf_open(path.c_str(), SFM_WRITE, &info));
  if (!out) throw std::runtime_error(std::string("libsndfile: ") + sf_strerror(nullptr));
  std::vector<float> samples;
  for (int i = 0; i < frames * channels; ++i) samples.push_back(0.5F * std::sin(0.3F * static_cast<float>(i)));
  sf_writef_float(out.get(), samples.data(), frames);
  sf_write_sync(out.get());
  return path;
}

std::string bytes_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace

std::map<std::string, std::string> audio_seeds() {
  struct Kind {
    const char* name;
    int format, channels, frames;
  };
  const Kind kinds[] = {{"pcm16.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, 1, 40},
                        {"float_stereo.wav", SF_FORMAT_WAV | SF_FORMAT_FLOAT, 2, 20},
                        {"ulaw.wav", SF_FORMAT_WAV | SF_FORMAT_ULAW, 1, 41},
                        {"pcm24.wavex", SF_FORMAT_WAVEX | SF_FORMAT_PCM_24, 1, 20},
                        {"big_endian.rifx", SF_FORMAT_WAV | SF_FORMAT_PCM_16 | SF_ENDIAN_BIG, 1, 20},
                        {"pcm16.rf64", SF_FORMAT_RF64 | SF_FORMAT_PCM_16, 1, 20},
                        {"pcm16.w64", SF_FORMAT_W64 | SF_FORMAT_PCM_16, 1, 20},
                        {"pcm16.aiff", SF_FORMAT_AIFF | SF_FORMAT_PCM_16, 1, 20},
                        {"float.aifc", SF_FORMAT_AIFF | SF_FORMAT_FLOAT, 1, 20},
                        {"alaw.au", SF_FORMAT_AU | SF_FORMAT_ALAW, 1, 40},
                        {"pcm16.sph", SF_FORMAT_NIST | SF_FORMAT_PCM_16, 1, 20},
                        {"pcm16.flac", SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 1, 600},
                        {"stereo.flac", SF_FORMAT_FLAC | SF_FORMAT_PCM_24, 2, 100},
                        {"vorbis.ogg", SF_FORMAT_OGG | SF_FORMAT_VORBIS, 1, 200},
                        {"opus.ogg", SF_FORMAT_OGG | SF_FORMAT_OPUS, 1, 200},
                        {"layer3.mp3", SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III, 1, 800}};
  std::map<std::string, std::string> seeds;
  for (const Kind& k : kinds) seeds[k.name] = bytes_of(encoded(k.format, k.channels, k.frames));
  return seeds;
}

}  // namespace cutract::fuzz
