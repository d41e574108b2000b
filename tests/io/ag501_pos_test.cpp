// Position files of a Carstens AG501: what is read, and one sentence about each bad one.
#include "host/io/ag501_pos.h"

#include <gtest/gtest.h>

#include "host/core/error.h"
#include "tests/io/refusals.h"
#include "tests/io/track_bytes.h"
#include "tests/support/support.h"

namespace cutract {
namespace {

using test::float_bytes;
using test::pos_file;
using test::replaced;

// Bytes that no code of this project wrote: 1.5 is 3FC00000, -2 is C0000000, 3 is 40400000, 90 is 42B40000.
const std::string kOne = "AG50xDATA_V003\n00000067\nNumberOfChannels=1\nSamplingFrequencyHz=250\n" +
                         std::string("\0\0\xc0\x3f\0\0\0\xc0\0\0\x40\x40\0\0\xb4\x42\0\0\0\0\0\0\0\0\0\0\0\0", 28);

TEST(Ag501Pos, CoordinatesOfChosenSensors) {
  const StoredTrack one = parse_ag501(kOne, "a.pos", {{1, "tt"}}, "xzy");
  EXPECT_EQ(one.channels, (std::vector<std::string>{"tt_x", "tt_z", "tt_y"}));
  EXPECT_EQ(one.rate_hz, 250);
  EXPECT_EQ(one.values.values, (std::vector<float>{1.5F, 3, -2}));
  // Number 7 (sensor - 1) + k of frame t is 1000 t + 10 sensor + k.
  const StoredTrack two = parse_ag501(pos_file(3, 5), "a.pos", {{3, "tb"}, {1, "tt"}}, "xz");
  EXPECT_EQ(two.channels, (std::vector<std::string>{"tb_x", "tb_z", "tt_x", "tt_z"}));
  ASSERT_EQ(two.values.rows, 5);
  EXPECT_EQ(two.values.row(4)[0], 4030);
  EXPECT_EQ(two.values.row(4)[1], 4032);
  EXPECT_EQ(two.values.row(4)[3], 4012);
}

TEST(Ag501Pos, WithoutAChoiceAllThatWereConnected) {
  std::string bytes = pos_file(3, 2);
  const std::size_t data = bytes.size() - 2 * 3 * 7 * 4;
  for (std::size_t t = 0; t < 2; ++t) bytes.replace(data + (3 * t + 1) * 28, 12, std::string(12, '\0'));
  EXPECT_EQ(parse_ag501(bytes, "a.pos", {}, "x").channels, (std::vector<std::string>{"s1_x", "s3_x"}));
  EXPECT_FAULT(parse_ag501(bytes, "a.pos", {{2, "tt"}}, "x"), Fault::data,
               "a.pos: sensor 2 (tt) is 0 in every frame; it was not connected");
}

TEST(Ag501Pos, ABadFileGetsOneSentence) {
  const std::string good = pos_file(3, 5), none =
                                               "a.pos: is not a position file of an AG500 or AG501, which begins "
                                               "with the line AG50xDATA_V003";
  const std::string channels = "\", expected 1 to 256", hertz = "\", expected 1 to 100000";
  const std::string sizes =
      " of data, expected a multiple of 3 x 7 x 4 for 3 channels of 7 numbers; it is cut off or "
      "damaged";
  const auto with = [&](const char* from, const char* to) { return replaced(good, from, to); };
  const struct {
    std::string bytes, says;
  } cases[] = {
      {"", none},
      {"\n", none},
      {"AG50", none},
      {"RIFF", none},
      {"ag50xdata_v003\n", none},
      {good.substr(1), none},
      {"AG50xDATA_V001\n00000070\n", "a.pos: is a position file of version V001, expected V002 or V003"},
      {"AG50xDATA_V004\n00000070\n", "a.pos: is a position file of version V004, expected V002 or V003"},
      {good.substr(0, 13), "a.pos: is a position file of version V00, expected V002 or V003"},
      {good.substr(0, 14), "a.pos: the size of its header is \"\", expected an integer"},
      {good.substr(0, 15), "a.pos: the size of its header is \"\", expected an integer"},
      {good.substr(0, 24), "a.pos: the size of its header is 256, expected 24 to 24 in a file of 24 bytes"},
      {good.substr(0, 100), "a.pos: the size of its header is 256, expected 24 to 100 in a file of 100 bytes"},
      {good.substr(0, 255), "a.pos: the size of its header is 256, expected 24 to 255 in a file of 255 bytes"},
      {good.substr(0, 256), "a.pos: holds no frames after its header"},
      {good.substr(0, 257), "a.pos: has 1 byte" + sizes},
      {good.substr(0, good.size() - 1), "a.pos: has 419 bytes" + sizes},
      {good + "x", "a.pos: has 421 bytes" + sizes},
      {good + std::string(28, 'x'), "a.pos: has 448 bytes" + sizes},
      {with("00000256", "0000x256"), "a.pos: the size of its header is \"0000x256\", expected an integer"},
      {with("00000256", "-0000256"), "a.pos: the size of its header is \"-0000256\", expected an integer"},
      {with("00000256", "256.0000"), "a.pos: the size of its header is \"256.0000\", expected an integer"},
      {with("00000256", "        "), "a.pos: the size of its header is \"        \", expected an integer"},
      {with("00000256", "99999999"),
       "a.pos: the size of its header is 99999999, expected 24 to 676 in a file of 676 bytes"},
      {with("00000256", "00000000"), "a.pos: the size of its header is 0, expected 24 to 676 in a file of 676 bytes"},
      {with("00000256", "00000023"), "a.pos: the size of its header is 23, expected 24 to 676 in a file of 676 bytes"},
      {with("00000256", "00000024"), "a.pos: its header has no NumberOfChannels"},
      {with("00000256", "00000255"), "a.pos: has 421 bytes" + sizes},
      {with("00000256", "00000676"), "a.pos: holds no frames after its header"},
      {with("NumberOfChannels", "NumberOfSensorss"), "a.pos: its header has no NumberOfChannels"},
      {with("NumberOfChannels=3", "NumberOfChannels 3"), "a.pos: its header has no NumberOfChannels"},
      {with("SamplingFrequencyHz", "SamplingFrequencykH"), "a.pos: its header has no SamplingFrequencyHz"},
      {with("Channels=3", "Channels=0"), "a.pos: NumberOfChannels is \"0" + channels},
      {with("Channels=3", "Channels=-"), "a.pos: NumberOfChannels is \"-" + channels},
      {with("Channels=3", "Channels="), "a.pos: NumberOfChannels is \"" + channels},
      {with("Channels=3", "Channels=257"), "a.pos: NumberOfChannels is \"257" + channels},
      {with("Channels=3", "Channels=99999999999999999999"),
       "a.pos: NumberOfChannels is \"99999999999999999999" + channels},
      {with("Hz=250", "Hz=0"), "a.pos: SamplingFrequencyHz is \"0" + hertz},
      {with("Hz=250", "Hz=-25"), "a.pos: SamplingFrequencyHz is \"-25" + hertz},
      {with("Hz=250", "Hz=nan"), "a.pos: SamplingFrequencyHz is \"nan" + hertz},
      {with("Hz=250", "Hz=inf"), "a.pos: SamplingFrequencyHz is \"inf" + hertz},
      {with("Hz=250", "Hz=1e9"), "a.pos: SamplingFrequencyHz is \"1e9" + hertz},
      {with("Hz=250", "Hz="), "a.pos: SamplingFrequencyHz is \"" + hertz},
      {with("Channels=3", "Channels=2"),
       "a.pos: has 420 bytes of data, expected a multiple of 2 x 7 x 4 for 2 channels "
       "of 7 numbers; it is cut off or damaged"},
      {with("Channels=3", "Channels=1"), "a.pos: has 1 channel, but no sensor 3"},
      {good.substr(0, 256) + std::string(84, '\0'), "a.pos: sensor 3 (tt) is 0 in every frame; it was not connected"},
      {"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
       "a.pos: is a Git LFS pointer, not the file itself; run `git lfs pull` to fetch the file"},
  };
  for (const auto& c : cases)
    EXPECT_EQ(test::refusal([&] { parse_ag501(c.bytes, "a.pos", {{3, "tt"}}, "xz"); }), c.says);
  EXPECT_FAULT(parse_ag501(good, "a.pos", {{0, "tt"}}, "xz"), Fault::data, "a.pos: has 3 channels, but no sensor 0");
  EXPECT_FAULT(parse_ag501(good.substr(0, 256) + std::string(84, '\0'), "a.pos", {}, "xz"), Fault::data,
               "a.pos: is 0 in every frame; no sensor was connected");
}

}  // namespace
}  // namespace cutract
