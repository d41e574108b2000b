// What is not audio, or not whole, is refused in one sentence that says why.
#include "host/io/audio.h"

#include <gtest/gtest.h>
#include <sndfile.h>

#include <cmath>

#include "host/core/error.h"
#include "host/io/atomic_file.h"
#include "tests/io/made_audio.h"
#include "tests/support/support.h"

namespace cutract {
namespace {

using test::chunk;
using test::floats;
using test::format;
using test::le;
using test::pcm16;
using test::riff;
using test::TempFolder;
using test::written;

TEST(Audio, WhatIsNotAudioIsNamed) {
  const struct {
    std::string bytes, words;
  } cases[] = {
      {"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
       "is a Git LFS pointer, not the file itself; run `git lfs pull`"},
      {std::string("\0\0\0\x20"
                   "ftypM4A ",
                   12),
       "is an MP4 or M4A file; convert it to WAV"},
      {"\x1A\x45\xDF\xA3....", "is a WebM or Matroska file; convert it to WAV"},
      {"<!DOCTYPE html><html>", "is a web page (HTML)"},
      {std::string("\xFF\xFE"
                   "a\0b\0",
                   6),
       "is UTF-16 text"},
      {"\x93NUMPY", "is a NumPy array file"},
      {"PK\3\4....", "is a ZIP archive; unpack it"},
      {"NIST_1A\n   1024\nsample_count -i 5\nsample_coding -s26 pcm,embedded-shorten-v2.00\nend_head\n",
       "is a compressed SPHERE file; convert it to WAV, for example with `sph2pipe"},
  };
  for (const auto& c : cases) {
    const Error e = test::thrown_by([&] { decode_audio(c.bytes, "a"); });
    EXPECT_EQ(e.fault(), Fault::data);
    EXPECT_TRUE(std::string(e.what()).starts_with("a: " + c.words)) << e.what();
  }
}

TEST(Audio, BadFilesAreRefusedEachForItsOwnReason) {
  const std::string fmt = format(1, 1, 16000, 16), data = chunk("data", pcm16({1, 2}));
  const std::string codec = ", expected PCM, float, A-law or mu-law; convert it to 16-bit PCM";
  const std::string none = "is not a WAV, FLAC, SPHERE, OGG, MP3, AIFF or AU file",
                    nothing = "is a WAV file without samples";
  const std::string flac = [] {
    const TempFolder folder;
    return read_file(written(folder, "a.flac", SF_FORMAT_FLAC, SF_FORMAT_PCM_16, 1, 20000));
  }();
  const std::string extensible = le(22, 2) + le(16, 2) + le(4, 4);
  const struct {
    std::string bytes, why;
  } cases[] = {
      {"", "is empty, expected audio"},
      {"R", none},
      {"hello, this is text", "is a text file; expected a WAV, FLAC, SPHERE, OGG, MP3, AIFF or AU file"},
      {std::string("RIFF\4\0\0\0AVI ", 12),
       "is an AVI video; extract its audio, for example with `ffmpeg -i INPUT out.wav`; expected a WAV, FLAC, SPHERE, "
       "OGG, "
       "MP3, AIFF or AU file"},
      {"FORM....AIFFCOMM", "is an AIFF file without samples"},
      {std::string("\0\0\0\1", 4), none},
      {"ID3\3", none},
      {riff(""), nothing},
      {riff(fmt), nothing},
      {riff(fmt + "dat"), nothing},
      {riff(data), "WAV data come before their format"},
      {riff("fmt " + le(4, 4) + "1234" + data), "WAV format chunk is cut off"},
      {riff("fmt " + le(16, 4) + "1234"), "WAV format chunk is cut off"},
      {riff(format(0xFFFE, 1, 16000, 16) + data), "WAV format chunk is cut off"},
      {riff("junk" + le(0xFFFFFFF0, 4) + "x"), nothing},
      {riff(format(2, 1, 16000, 4) + data), "WAV codec is 0x2" + codec},
      {riff(format(0x11, 1, 16000, 4) + data), "WAV codec is 0x11" + codec},
      {riff(format(0x31, 1, 16000, 16) + data), "WAV codec is 0x31" + codec},
      {riff(format(0x40, 1, 16000, 16) + data), "WAV codec is 0x40" + codec},
      {riff(format(0x55, 1, 16000, 16) + data), "WAV codec is 0x55" + codec},
      {riff(format(0, 1, 16000, 16) + data), "WAV codec is 0x0" + codec},
      {riff(format(0xFFFE, 1, 16000, 16, extensible + le(2, 2) + std::string(14, '\0')) + data),
       "WAV codec is 0x2" + codec},
      {riff(fmt + "data" + le(100, 4) + pcm16({1, 2})), "is cut off: 100 bytes of samples announced, 4 there"},
      {riff(fmt + chunk("data", "")), "holds no samples"},
      {riff(format(3, 1, 16000, 32) + chunk("data", floats({0, 1, NAN}))),
       "sample 2 of channel 1 is nan, expected a finite number"},
      {riff(format(3, 2, 16000, 32) + chunk("data", floats({0, 1, 0, INFINITY}))),
       "sample 1 of channel 2 is inf, expected a finite number"},
      {riff(format(3, 1, 16000, 32) + chunk("data", floats({-INFINITY}))),
       "sample 0 of channel 1 is -inf, expected a finite number"},
  };
  for (const auto& c : cases) {
    const Error e = test::thrown_by([&] { decode_audio(c.bytes, "a.wav"); });
    EXPECT_EQ(e.fault(), Fault::data);
    EXPECT_EQ(std::string(e.what()), "a.wav: " + c.why);
  }
  // The reason is in the words of libsndfile; we only detect the error.
  const std::string decoded[] = {
      "fLaC",
      "NIST_1A\n   1024\n",
      riff(format(1, 0, 16000, 16) + data),
      riff(format(1, 1, 0, 16) + data),
      flac.substr(0, 30),
      flac.substr(0, flac.size() / 2),
      flac.substr(0, flac.size() - flac.size() / 8),
  };
  for (const auto& bytes : decoded) {
    const Error e = test::thrown_by([&] { decode_audio(bytes, "a.wav"); });
    EXPECT_EQ(e.fault(), Fault::data);
    EXPECT_TRUE(std::string(e.what()).starts_with("a.wav: ")) << e.what();
  }
  EXPECT_FAULT(read_audio("/nonexistent/a.wav"), Fault::io,
               "/nonexistent/a.wav: cannot read: No such file or directory");
}

// Wherever the file is cut, the rest is never taken for the whole.
TEST(Audio, CutFilesAreRefused) {
  const TempFolder folder;
  const struct {
    const char* name;
    int major, subtype;
  } cases[] = {{"a.wav", SF_FORMAT_WAV, SF_FORMAT_PCM_16},  {"a.flac", SF_FORMAT_FLAC, SF_FORMAT_PCM_16},
               {"a.sph", SF_FORMAT_NIST, SF_FORMAT_PCM_16}, {"a.aiff", SF_FORMAT_AIFF, SF_FORMAT_PCM_16},
               {"a.au", SF_FORMAT_AU, SF_FORMAT_PCM_16},    {"a.w64", SF_FORMAT_W64, SF_FORMAT_PCM_16},
               {"b.wav", SF_FORMAT_RF64, SF_FORMAT_PCM_16}, {"c.wav", SF_FORMAT_WAV | SF_ENDIAN_BIG, SF_FORMAT_PCM_16},
               {"a.ogg", SF_FORMAT_OGG, SF_FORMAT_VORBIS}};
  for (const auto& c : cases) {
    const std::string good = read_file(written(folder, c.name, c.major, c.subtype, 1, 20000));
    EXPECT_EQ(decode_audio(good, c.name).samples.size(), 20000u);
    for (std::size_t n = 0; n < good.size(); n += 1 + good.size() / 60) {
      const Error e = test::thrown_by([&] { decode_audio(good.substr(0, n), c.name); });
      EXPECT_EQ(e.fault(), Fault::data) << c.name << " " << n;
      EXPECT_TRUE(std::string(e.what()).starts_with(std::string(c.name) + ": ")) << e.what();
    }
    EXPECT_EQ(test::thrown_by([&] { decode_audio(good.substr(0, good.size() - 1), c.name); }).fault(), Fault::data)
        << c.name;
  }
  const std::string sphere = read_file(folder / "a.sph");
  EXPECT_FAULT(decode_audio(sphere.substr(0, 1024 + 2000), "a.sph"), Fault::data,
               "a.sph: is cut off: 20000 samples announced, 1000 could be read");
}

TEST(Audio, AdpcmMadeByLibsndfileIsRefused) {
  const TempFolder folder;
  for (const int subtype : {SF_FORMAT_MS_ADPCM, SF_FORMAT_IMA_ADPCM, SF_FORMAT_G721_32, SF_FORMAT_GSM610}) {
    const std::string path = written(folder, "a.wav", SF_FORMAT_WAV, subtype, 1, 4000);
    ASSERT_FALSE(path.empty());
    EXPECT_FAULT(read_audio(path), Fault::data, "a.wav: WAV codec is 0x");
  }
}

}  // namespace
}  // namespace cutract
