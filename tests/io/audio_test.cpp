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
                           le(static_cast<std::uint64_t>(rate * channels * bits / 8), 4) +
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

// What libsndfile writes in that format: `frames` frames of a sine in each channel.
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
      {"a.wav", SF_FORMAT_WAV, SF_FORMAT_PCM_16, 1e-4},   {"b.wav", SF_FORMAT_WAV, SF_FORMAT_FLOAT, 1e-7},
      {"c.wav", SF_FORMAT_WAVEX, SF_FORMAT_PCM_24, 1e-6}, {"d.wav", SF_FORMAT_WAV, SF_FORMAT_ULAW, 3e-2},
      {"e.wav", SF_FORMAT_WAV, SF_FORMAT_ALAW, 3e-2},     {"f.flac", SF_FORMAT_FLAC, SF_FORMAT_PCM_16, 1e-4},
      {"g.sph", SF_FORMAT_NIST, SF_FORMAT_PCM_16, 1e-4},  {"h.ogg", SF_FORMAT_OGG, SF_FORMAT_VORBIS, 5e-2},
      {"i.wav", SF_FORMAT_WAV, SF_FORMAT_PCM_U8, 2e-2},   {"j.wav", SF_FORMAT_WAV, SF_FORMAT_DOUBLE, 1e-7},
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

TEST(Audio, BadFilesAreRefusedEachForItsOwnReason) {
  const std::string fmt = format(1, 1, 16000, 16), data = chunk("data", pcm16({1, 2}));
  const std::string codec = ", expected PCM, float, A-law or mu-law; convert it to 16-bit PCM";
  const std::string none = "is no WAV, FLAC, NIST SPHERE or OGG file", nothing = "is a WAV file without samples";
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
      {"hello, this is text", none},
      {"RIFF\4\0\0\0AVI ", none},
      {"FORM....AIFFCOMM", none},
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
  // Here libsndfile words the reason; ours is to notice.
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

// Wherever the file ends: what is left is never taken for the whole.
TEST(Audio, CutFilesAreRefused) {
  const TempFolder folder;
  const struct {
    const char* name;
    int major, subtype;
  } cases[] = {{"a.wav", SF_FORMAT_WAV, SF_FORMAT_PCM_16},
               {"a.flac", SF_FORMAT_FLAC, SF_FORMAT_PCM_16},
               {"a.sph", SF_FORMAT_NIST, SF_FORMAT_PCM_16},
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
      const std::size_t want = static_cast<std::size_t>(std::floor(static_cast<double>(n) * to / from + 0.5));
      EXPECT_EQ(resample(std::vector<float>(static_cast<std::size_t>(n), 1.0f), from, to).size(), want)
          << n << " " << from;
    }
  const std::vector<float> x = {1, 2, 3};
  EXPECT_EQ(resample(x, 16000, 16000), x);
  EXPECT_FAULT(resample(x, 0, 16000), Fault::internal, "expected both above 0");
}

// What the soxr package of Python makes of the same samples.
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
