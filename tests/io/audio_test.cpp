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
using test::format;
using test::le;
using test::pcm16;
using test::riff;
using test::TempFolder;
using test::written;

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

TEST(Audio, WrittenAudioReadsBack) {
  const TempFolder folder;
  test::Rng rng(7);
  Audio in{16000, rng.normals(3000, 0.2)};
  in.samples[0] = 2;
  in.samples[1] = -2;
  in.samples[2] = 1;
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

}  // namespace
}  // namespace cutract
