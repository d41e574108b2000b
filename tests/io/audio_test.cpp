#include "host/io/audio.h"

#include <gtest/gtest.h>
#include <sndfile.h>

#include <cmath>
#include <cstring>
#include <numbers>

#include "host/core/error.h"
#include "host/io/atomic_file.h"
#include "tests/support/support.h"

namespace cutract {
namespace {

using test::TempFolder;

std::string le(std::uint64_t v, int bytes) {
  std::string out;
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(v >> (8 * i) & 255);
  return out;
}
std::string chunk(const std::string& id, const std::string& body) {
  return id + le(body.size(), 4) + body + std::string(body.size() & 1, '\0');
}
std::string format(int tag, int channels, int rate, int bits, const std::string& more = "") {
  return chunk("fmt ", le(static_cast<std::uint64_t>(tag), 2) + le(static_cast<std::uint64_t>(channels), 2) +
                           le(static_cast<std::uint64_t>(rate), 4) +
                           le(static_cast<std::uint64_t>(rate) * static_cast<std::uint64_t>(channels) *
                                  static_cast<std::uint64_t>(bits) / 8,
                              4) +
                           le(static_cast<std::uint64_t>(channels * bits / 8), 2) +
                           le(static_cast<std::uint64_t>(bits), 2) + more);
}
std::string riff(const std::string& chunks) { return "RIFF" + le(4 + chunks.size(), 4) + "WAVE" + chunks; }
std::string pcm16(std::initializer_list<int> values) {
  std::string out;
  for (const int v : values) out += le(static_cast<std::uint64_t>(v), 2);
  return out;
}
std::string floats(std::initializer_list<float> values) {
  return {reinterpret_cast<const char*>(std::data(values)), values.size() * 4};
}

// A file that libsndfile writes in that format, with `frames` frames of a sine in each channel.
std::string written(const TempFolder& folder, const std::string& name, int major, int subtype, int channels,
                    int frames) {
  SF_INFO info{};
  info.samplerate = 16000, info.channels = channels, info.format = major | subtype;
  SNDFILE* f = sf_open((folder / name).c_str(), SFM_WRITE, &info);
  if (!f) return "";
  std::vector<float> x(static_cast<std::size_t>(frames * channels));
  for (std::size_t i = 0; i < x.size(); ++i)
    x[i] = 0.5f * static_cast<float>(std::sin(0.05 * static_cast<double>(i / channels)));
  sf_writef_float(f, x.data(), frames);
  sf_close(f);
  return folder / name;
}

TEST(Audio, SamplesOfAHandMadeWav) {
  const Audio a =
      decode_audio(riff(format(1, 1, 16000, 16) + chunk("data", pcm16({0, 16384, -32768, 32767}))), "x.wav");
  EXPECT_EQ(a.sample_rate, 16000);
  EXPECT_EQ(a.samples, (std::vector<float>{0, 0.5f, -1, 32767 / 32768.0f}));
}

TEST(Audio, ChannelsAreAveraged) {
  const Audio a = decode_audio(riff(format(1, 2, 8000, 16) + chunk("data", pcm16({16384, 0, -16384, 16384}))), "x.wav");
  EXPECT_EQ(a.samples, (std::vector<float>{0.25f, 0}));
}

// 16-bit WAV at 16 kHz of these channels.
std::string wav_of(const std::vector<std::vector<double>>& channels) {
  std::string data;
  for (std::size_t i = 0; i < channels[0].size(); ++i)
    for (const auto& x : channels) data += le(static_cast<std::uint64_t>(std::lround(x[i] * 32767)), 2);
  return riff(format(1, static_cast<int>(channels.size()), 16000, 16) + chunk("data", data));
}

std::vector<double> wave(double step, double level) {
  std::vector<double> x(2000);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = level * std::sin(step * static_cast<double>(i));
  return x;
}

TEST(Audio, ChannelsThatDifferLeaveANote) {
  const auto speech = wave(0.05, 0.5), inverted = wave(0.05, -0.5), hum = wave(0.003, 0.5), silence = wave(0, 0);
  auto dithered = speech;
  for (std::size_t i = 0; i < dithered.size(); ++i) dithered[i] += i % 2 ? 1e-3 : -1e-3;
  const struct {
    std::vector<std::vector<double>> channels;
    std::vector<std::string> notes;
  } cases[] = {
      {{speech}, {}},
      {{silence, silence}, {}},
      {{speech, speech}, {}},
      {{speech, dithered}, {}},
      {{speech, inverted},
       {"its 2 channels are not the same (channel 2 is channel 1 inverted: correlation -1.00) and were averaged"}},
      {{speech, silence}, {"its 2 channels are not the same (channel 2 is silent) and were averaged"}},
      {{silence, speech},
       {"its 2 channels are not the same (channel 1 is silent, channel 2 is not) and were averaged"}},
      {{speech, wave(0.05, 0.25)},
       {"its 2 channels are not the same (channel 2 differs from channel 1: correlation 1.00, level -6.0 dB) and were "
        "averaged"}},
      {{speech, speech, inverted, silence},
       {"its 4 channels are not the same (channel 3 is channel 1 inverted: correlation -1.00; 1 more differ from it) "
        "and "
        "were averaged"}},
  };
  for (const auto& c : cases) EXPECT_EQ(decode_audio(wav_of(c.channels), "x.wav").notes, c.notes);
  EXPECT_EQ(decode_audio(wav_of({speech, hum}), "x.wav").notes.size(), 1u);
}

TEST(Audio, OneChannelIsChosen) {
  const auto speech = wave(0.05, 0.5), hum = wave(0.003, 0.25);
  const std::string both = wav_of({speech, hum});
  for (const auto& [channel, alone] : {std::pair{1, &speech}, {2, &hum}}) {
    const Audio a = decode_audio(both, "x.wav", {.channel = channel});
    EXPECT_EQ(a.samples, decode_audio(wav_of({*alone}), "x.wav").samples);
    EXPECT_TRUE(a.notes.empty());
  }
  EXPECT_EQ(decode_audio(wav_of({hum}), "x.wav", {.channel = 1}).samples.size(), hum.size());
  EXPECT_FAULT(decode_audio(both, "x.wav", {.channel = 3}), Fault::data,
               "x.wav: has 2 channels, channel 3 was asked for; choose one that exists, or 0 for the average");
  EXPECT_FAULT(decode_audio(wav_of({hum}), "x.wav", {.channel = 2}), Fault::data,
               "x.wav: has 1 channel, channel 2 was asked for");
}

TEST(Audio, OddChunksAndPipesPass) {
  const std::string data = pcm16({1, 2, 3});
  const std::string odd = riff(chunk("LIST", "abc") + format(1, 1, 16000, 16) + chunk("data", data));
  EXPECT_EQ(decode_audio(odd, "x").samples.size(), 3u);
  const std::string pipe = riff(format(1, 1, 16000, 16) + "data" + le(0xFFFFFFFF, 4) + data);
  EXPECT_EQ(decode_audio(pipe, "x").samples.size(), 3u);
}

TEST(Audio, EveryContainerThatIsPromised) {
  const TempFolder folder;
  const struct {
    const char* name;
    int major, subtype;
    double bound;  // on the relative error
  } cases[] = {
      {"a.wav", SF_FORMAT_WAV, SF_FORMAT_PCM_16, 1e-4},
      {"b.wav", SF_FORMAT_WAV, SF_FORMAT_FLOAT, 1e-7},
      {"c.wav", SF_FORMAT_WAVEX, SF_FORMAT_PCM_24, 1e-6},
      {"d.wav", SF_FORMAT_WAV, SF_FORMAT_ULAW, 3e-2},
      {"e.wav", SF_FORMAT_WAV, SF_FORMAT_ALAW, 3e-2},
      {"f.flac", SF_FORMAT_FLAC, SF_FORMAT_PCM_16, 1e-4},
      {"g.sph", SF_FORMAT_NIST, SF_FORMAT_PCM_16, 1e-4},
      {"h.ogg", SF_FORMAT_OGG, SF_FORMAT_VORBIS, 5e-2},
      {"l.aiff", SF_FORMAT_AIFF, SF_FORMAT_PCM_16, 1e-4},
      {"m.au", SF_FORMAT_AU, SF_FORMAT_PCM_16, 1e-4},
      {"n.w64", SF_FORMAT_W64, SF_FORMAT_PCM_16, 1e-4},
      {"o.wav", SF_FORMAT_RF64, SF_FORMAT_PCM_16, 1e-4},
      {"p.aifc", SF_FORMAT_AIFF, SF_FORMAT_FLOAT, 1e-7},
      {"q.au", SF_FORMAT_AU, SF_FORMAT_ULAW, 3e-2},
      {"r.wav", SF_FORMAT_WAV | SF_ENDIAN_BIG, SF_FORMAT_PCM_16, 1e-4},
      {"i.wav", SF_FORMAT_WAV, SF_FORMAT_PCM_U8, 2e-2},
      {"j.wav", SF_FORMAT_WAV, SF_FORMAT_DOUBLE, 1e-7},
      {"k.sph", SF_FORMAT_NIST, SF_FORMAT_ULAW, 3e-2},
  };
  std::vector<float> want(16000);
  for (std::size_t i = 0; i < want.size(); ++i)
    want[i] = 0.5f * static_cast<float>(std::sin(0.05 * static_cast<double>(i)));
  for (const auto& c : cases)
    for (const int channels : {1, 2}) {
      const std::string path = written(folder, c.name, c.major, c.subtype, channels, 16000);
      ASSERT_FALSE(path.empty()) << c.name;
      const Audio a = read_audio(path);
      EXPECT_EQ(a.sample_rate, 16000) << c.name;
      EXPECT_REL_L2(a.samples, want, c.bound) << c.name;
    }
}

TEST(Audio, MemoryIsBoundedByWhatIsDecoded) {
  const TempFolder folder;
  const std::string flac = read_file(written(folder, "a.flac", SF_FORMAT_FLAC, SF_FORMAT_PCM_16, 1, 20000));
  EXPECT_FAULT(decode_audio(flac, "a.flac", {.most_samples = 19999}), Fault::data,
               "a.flac: lasts more than 0.0 hours, the longest that is read at 16000 Hz; split it into shorter files");
  EXPECT_EQ(decode_audio(flac, "a.flac", {.most_samples = 20000}).samples.size(), 20000u);
}

TEST(Audio, HeadersThatCannotBeTrueAreRefused) {
  const std::string data = chunk("data", pcm16({1, 2, 3, 4}));
  const std::string tail = "; the header is damaged or the file was not written as audio";
  for (const int rate : {0, 1, 999, 768001, 2000000000})
    EXPECT_FAULT(decode_audio(riff(format(1, 1, rate, 16) + data), "a.wav"), Fault::data,
                 "a.wav: sample rate is " + std::to_string(rate) + " Hz, expected 1000 to 768000 Hz" + tail);
  for (const int channels : {0, 65, 1024, 65535})
    EXPECT_FAULT(decode_audio(riff(format(1, channels, 16000, 16) + data), "a.wav"), Fault::data,
                 "a.wav: has " + std::to_string(channels) + " channels, expected 1 to 64" + tail);
  for (const int rate : {1000, 768000})
    EXPECT_EQ(decode_audio(riff(format(1, 1, rate, 16) + data), "a.wav").sample_rate, rate);
  const TempFolder folder;
  const std::string flac = read_file(written(folder, "a.flac", SF_FORMAT_FLAC, SF_FORMAT_PCM_16, 1, 2000));
  const std::string au = read_file(written(folder, "a.au", SF_FORMAT_AU, SF_FORMAT_PCM_16, 1, 2000));
  std::string slow = au;
  slow.replace(16, 4, std::string("\0\0\0\1", 4));
  EXPECT_FAULT(decode_audio(slow, "a.au"), Fault::data, "a.au: sample rate is 1 Hz, expected 1000 to 768000 Hz");
}

// Audio that a decoder would not reach is never lost without an error.
TEST(Audio, AllSamplesAreReadOrTheFileIsRefused) {
  const TempFolder folder;
  const auto made = [&](const std::string& name, int major, int subtype) {
    return read_file(written(folder, name, major, subtype, 1, 20000));
  };
  const std::string wav = made("a.wav", SF_FORMAT_WAV, SF_FORMAT_PCM_16),
                    ogg = made("a.ogg", SF_FORMAT_OGG, SF_FORMAT_VORBIS),
                    flac = made("a.flac", SF_FORMAT_FLAC, SF_FORMAT_PCM_16),
                    sphere = made("a.sph", SF_FORMAT_NIST, SF_FORMAT_PCM_16),
                    au = made("a.au", SF_FORMAT_AU, SF_FORMAT_PCM_16),
                    w64 = made("a.w64", SF_FORMAT_W64, SF_FORMAT_PCM_16),
                    aiff = made("a.aiff", SF_FORMAT_AIFF, SF_FORMAT_PCM_16);
  const auto announcing = [&](std::uint64_t samples) {
    std::string out = flac;
    for (std::size_t i = 0; i < 4; ++i) out[22 + i] = static_cast<char>(samples >> (24 - 8 * i) & 255);
    return out;
  };
  const std::string fmt = format(1, 1, 16000, 16), samples = std::string(20000, '\7');
  std::string fewer = sphere;
  fewer.replace(fewer.find("20000"), 5, "10000");
  std::string au0 = au, au_less = au;
  au0.replace(8, 4, std::string(4, '\0'));
  au_less.replace(8, 4, std::string("\0\0\1\0", 4));
  const struct {
    std::string bytes, words;
  } cases[] = {
      {ogg + ogg, "holds several OGG streams joined end to end"},
      {flac + flac, "holds several FLAC files joined end to end"},
      {wav + wav, "holds several WAV files joined end to end"},
      {announcing(10000), "holds more audio than its header announces: 10000 samples announced, 20000 there"},
      {announcing(20001), "is cut off: 20001 samples announced, 20000 could be read"},
      {fewer, "holds more audio than its header announces: 10000 samples announced, 20000 there"},
      {sphere + sphere, "holds more audio than its header announces: 20000 samples announced"},
      {riff(fmt + chunk("data", samples) + chunk("data", samples)), "has more than one data chunk"},
      {riff(fmt + chunk("data", samples) + chunk("LIST", "abc") + chunk("data", samples)),
       "has more than one data chunk"},
      {riff(fmt + "data" + le(0, 4) + samples),
       "has an unfinished header: it announces no samples, but is followed by 20000 bytes"},
      {riff(fmt + "data" + le(200, 4) + samples), "holds 19800 bytes after the samples that its header announces"},
      {riff(fmt + chunk("data", "") + chunk("LIST", "abcd")), "holds no samples"},
      {au0, "has an unfinished header: it announces no samples, but is followed by 40000 bytes"},
      {au_less, "holds 39744 bytes after the samples that its header announces"},
      {au + au, "bytes after the samples that its header announces"},
      {w64 + w64, "joined"},
      {aiff + aiff, "holds several AIFF files joined end to end"},
  };
  for (const auto& c : cases) {
    const Error e = test::thrown_by([&] { decode_audio(c.bytes, "a"); });
    EXPECT_EQ(e.fault(), Fault::data) << c.words;
    EXPECT_NE(std::string(e.what()).find(c.words), std::string::npos) << e.what() << " / " << c.words;
  }
  EXPECT_EQ(decode_audio(announcing(0), "a.flac").samples.size(), 20000u);
  EXPECT_EQ(decode_audio(riff(fmt + chunk("data", samples) + chunk("LIST", "abcd")), "a").samples.size(), 10000u);
}

TEST(Audio, TagsAreSkipped) {
  const TempFolder folder;
  const std::string id3v2 = std::string("ID3\3\0\0\0\0\1\0", 10) + std::string(128, '\0');
  const std::string id3v1 = "TAG" + std::string(125, '\0');
  const std::string ape = "APETAGEX" + le(2000, 4) + le(32 + 8, 4) + le(1, 4) + le(0, 4) + std::string(8, '\0');
  const std::string behind = std::string(8, 'x') + ape + id3v1;
  const struct {
    const char* name;
    int major, subtype;
  } cases[] = {{"a.wav", SF_FORMAT_WAV, SF_FORMAT_PCM_16},
               {"a.flac", SF_FORMAT_FLAC, SF_FORMAT_PCM_16},
               {"a.mp3", SF_FORMAT_MPEG, SF_FORMAT_MPEG_LAYER_III}};
  for (const auto& c : cases) {
    const std::string plain = read_file(written(folder, c.name, c.major, c.subtype, 1, 20000));
    const std::vector<float> want = decode_audio(plain, c.name).samples;
    EXPECT_EQ(decode_audio(id3v2 + plain, c.name).samples, want) << c.name;
    EXPECT_EQ(decode_audio(id3v2 + id3v2 + plain + id3v1, c.name).samples, want) << c.name;
    EXPECT_EQ(decode_audio(plain + behind, c.name).samples, want) << c.name;
  }
}

TEST(Audio, Mp3) {
  const TempFolder folder;
  const std::string path = written(folder, "a.mp3", SF_FORMAT_MPEG, SF_FORMAT_MPEG_LAYER_III, 1, 20000);
  ASSERT_FALSE(path.empty()) << "libsndfile without MP3";
  const std::string mp3 = read_file(path);
  const Audio a = decode_audio(mp3, "a.mp3");
  EXPECT_EQ(a.sample_rate, 16000);
  EXPECT_NEAR(static_cast<double>(a.samples.size()), 20000, 2000);
  double power = 0;
  for (const float v : a.samples) power += double{v} * v;
  EXPECT_NEAR(power / static_cast<double>(a.samples.size()), 0.125, 0.02);
  for (std::size_t n = 1; n < 100; n += 7)
    EXPECT_FAULT(decode_audio(mp3.substr(0, mp3.size() - n), "a.mp3"), Fault::data, "a.mp3: is cut off");
  EXPECT_EQ(test::thrown_by([&] { decode_audio(mp3 + mp3, "a.mp3"); }).fault(), Fault::data);
}

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

TEST(Audio, WrittenAudioReadsBack) {
  const TempFolder folder;
  test::Rng rng(7);
  Audio in{16000, rng.normals(3000, 0.2)};
  in.samples[0] = 2, in.samples[1] = -2, in.samples[2] = 1;
  for (const char* name : {"a.wav", "a.flac"}) {
    write_audio(folder / name, in);
    const Audio once = read_audio(folder / name);
    ASSERT_EQ(once.samples.size(), in.samples.size());
    EXPECT_EQ(once.samples[0], 32767 / 32768.0f);
    EXPECT_EQ(once.samples[1], -1);
    for (std::size_t i = 2; i < in.samples.size(); ++i)
      ASSERT_NEAR(once.samples[i], in.samples[i], 0.5001 / 32768 + (i == 2)) << i;
    write_audio(folder / name, once);
    EXPECT_EQ(read_audio(folder / name).samples, once.samples) << name;
  }
  EXPECT_FAULT(write_audio(folder / "a.mp3", in), Fault::usage, "expected a name ending in .wav or .flac");
  EXPECT_FAULT(write_audio(folder / "no/a.wav", in), Fault::io, "cannot create");
  EXPECT_FAULT(write_audio(folder / "a.wav", {16000, {NAN}}), Fault::internal, "sample 0 is not finite");
}

TEST(Resample, LengthsAreExact) {
  for (const auto& [from, to] :
       {std::pair{48000, 16000}, {44100, 16000}, {16000, 48000}, {22050, 16000}, {8000, 16000}})
    for (int n = 0; n < 700; n += n < 20 ? 1 : 53) {
      const std::size_t want = static_cast<std::size_t>(std::ceil(static_cast<double>(n) * to / from - 1e-9));
      EXPECT_EQ(resample(std::vector<float>(static_cast<std::size_t>(n), 1.0f), from, to).size(), want)
          << n << " " << from;
    }
  const std::vector<float> x = {1, 2, 3};
  EXPECT_EQ(resample(x, 16000, 16000), x);
  EXPECT_FAULT(resample(x, 0, 16000), Fault::internal, "expected both above 0");
}

// Compared with the result of the Python package soxr for the same samples.
TEST(Resample, EqualsTheGolden) {
  const TensorFile g = test::golden("resampling.safetensors");
  for (const int rate : {48000, 44100}) {
    const std::string name = std::to_string(rate);
    const auto in = g.at("in_" + name, "golden").as_f64(), want = g.at("out_" + name, "golden").as_f64();
    EXPECT_REL_L2(resample(std::vector<float>(in.begin(), in.end()), rate, 16000), want, 1e-6);
  }
}

// A tone below both Nyquist rates is the same tone at the other rate; one between them is gone.
TEST(Resample, ToneIsKeptOrRemoved) {
  const auto tone = [](double hz, int rate, int n) {
    std::vector<float> x(static_cast<std::size_t>(n));
    for (int i = 0; i < n; ++i)
      x[static_cast<std::size_t>(i)] = static_cast<float>(std::sin(2 * std::numbers::pi * hz * i / rate));
    return x;
  };
  const auto middle = [](const std::vector<float>& x) { return std::vector<float>(x.begin() + 2000, x.end() - 2000); };
  for (const int from : {48000, 44100}) {
    EXPECT_REL_L2(middle(resample(tone(1000, from, from), from, 16000)), middle(tone(1000, 16000, 16000)), 1e-5);
    double power = 0;
    for (const float v : middle(resample(tone(9500, from, from), from, 16000))) power += double{v} * v;
    EXPECT_LT(std::sqrt(power / 12000), 1e-5);
  }
}

}  // namespace
}  // namespace cutract
