#include "host/io/packed_audio.h"

#include <gtest/gtest.h>

#include <bit>

#include "host/io/atomic_file.h"
#include "tests/io/made_audio.h"
#include "tests/support/support.h"

namespace cutract {
namespace {

std::vector<std::uint32_t> bits(const std::vector<float>& v) {
  std::vector<std::uint32_t> out;
  for (const float f : v) out.push_back(std::bit_cast<std::uint32_t>(f));
  return out;
}

std::vector<float> all_of(const PackedSamples& samples) {
  std::vector<float> out(samples.size());
  samples.copy(0, out);
  return out;
}

TEST(PackedSamples, TakeTwoBytesWhereTheSamplesAreOf16Bits) {
  std::vector<float> x;
  for (int v = -32768; v <= 32767; ++v) x.push_back(static_cast<float>(v) / 32768);
  PackedSamples packed;
  packed.append(x);
  EXPECT_EQ(packed.size(), x.size());
  EXPECT_EQ(packed.bytes(), 2 * x.size());
  EXPECT_EQ(bits(all_of(packed)), bits(x));
  std::vector<float> two(2);
  packed.copy(32768, two);
  EXPECT_EQ(two, (std::vector<float>{0, 0x1p-15f}));
}

TEST(PackedSamples, KeepEveryOtherSampleAsItIs) {
  for (const float odd : {0x1p-16f, 1.0f, -1.25f, -0.0f, 0.3f, 1e30f}) {
    const std::vector<float> first{0.5f, -1.0f}, second{0.25f, odd}, third{0.125f};
    PackedSamples packed;
    packed.append(first);
    packed.append(second);
    packed.append(third);
    EXPECT_EQ(bits(all_of(packed)), bits({0.5f, -1.0f, 0.25f, odd, 0.125f})) << odd;
    EXPECT_EQ(packed.bytes(), 5 * sizeof(float)) << odd;
  }
}

TEST(PackedAudio, IsTheAudio) {
  const test::TempFolder folder;
  for (const int subtype : {SF_FORMAT_PCM_16, SF_FORMAT_PCM_24, SF_FORMAT_FLOAT})
    for (const int channels : {1, 2}) {
      const std::string path = test::written(folder, "a.wav", SF_FORMAT_WAV, subtype, channels, 40000);
      const Audio want = read_audio(path);
      const PackedAudio got = read_packed_audio(path);
      EXPECT_EQ(got.sample_rate, want.sample_rate);
      EXPECT_EQ(bits(all_of(got.samples)), bits(want.samples));
      EXPECT_EQ(got.samples.bytes(), (subtype == SF_FORMAT_PCM_16 ? 2 : 4) * want.samples.size());
    }
  EXPECT_FAULT(read_packed_audio(folder.write("b.wav", "no audio")), Fault::data, "b.wav: ");
}

}  // namespace
}  // namespace cutract
