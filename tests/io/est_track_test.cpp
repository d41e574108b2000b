// EST tracks: every way in which they are written, and one sentence about each bad one.
#include "host/io/est_track.h"

#include <gtest/gtest.h>

#include <cmath>

#include "host/core/error.h"
#include "tests/io/refusals.h"
#include "tests/io/track_bytes.h"
#include "tests/support/support.h"

namespace cutract {
namespace {

using test::est_file;
using test::float_bytes;
using test::replaced;

// Bytes that no code of this project wrote: 1.0 is 3F800000, 0.005 is 3BA3D70A, -2.5 is C0200000, 12.25 is 41440000.
const std::string kLittle =
    "EST_File Track\nDataType binary\nNumFrames 2\nByteOrder 01\nNumChannels 2\nEqualSpace 1\nBreaksPresent true\n"
    "CommentChar ;\n\nChannel_0 tt_x\nChannel_1 v_x \nEST_Header_End\n" +
    std::string(
        "\0\0\0\0\0\0\x80\x3f\0\0\x20\xc0\0\0\x44\x41"
        "\x0a\xd7\xa3\x3b\0\0\x80\x3f\0\0\x44\x41\0\0\x20\xc0",
        32);
const std::string kBig =
    "EST_File Track\nDataType binary\nNumFrames 2\nByteOrder 10\nNumChannels 2\nBreaksPresent true\n"
    "Channel_0 tt_x\nChannel_1 v_x\nEST_Header_End\n" +
    std::string(
        "\0\0\0\0\x3f\x80\0\0\xc0\x20\0\0\x41\x44\0\0"
        "\x3b\xa3\xd7\x0a\x3f\x80\0\0\x41\x44\0\0\xc0\x20\0\0",
        32);
const std::string kAscii =
    "EST_File Track\nDataType ascii\nNumFrames 2\nNumChannels 2\nBreaksPresent true\nFrameShift 0.005\n"
    "Channel_0 tt_x\nChannel_1 v_x\nEST_Header_End\n0.000000\t1\t-2.5 12.25\n0.005000\t1\t12.25 -2.5\n";

TEST(EstTrack, EveryWayOfWritingItIsRead) {
  for (const std::string& bytes : {kLittle, kBig, kAscii}) {
    const StoredTrack t = parse_est_track(bytes, "a.ema");
    EXPECT_EQ(t.channels, (std::vector<std::string>{"tt_x", "v_x"}));
    ASSERT_EQ(t.times.size(), 2u);
    EXPECT_EQ(t.times[0], 0);
    EXPECT_NEAR(t.times[1], 0.005, 1e-9);
    EXPECT_EQ(t.values.values, (std::vector<float>{-2.5F, 12.25F, 12.25F, -2.5F}));
  }
}

TEST(EstTrack, WithoutBreaksAFrameHasNoFlag) {
  const StoredTrack t = parse_est_track(
      "EST_File Track\r\nDataType ascii\r\nNumFrames 2\r\nNumChannels 1\r\nCommentChar ;\r\nEST_Header_End\r\n"
      "; a comment\r\n0 5\r\n\r\n0.01 nan",
      "a.ema");
  EXPECT_EQ(t.channels, std::vector<std::string>{"channel_0"});
  EXPECT_EQ(t.values.values[0], 5);
  EXPECT_TRUE(std::isnan(t.values.values[1]));
}

// Flag 1 says that a frame has values, 0 that it is a break. MNGU0 stores NaN where a coil was not tracked.
TEST(EstTrack, BreaksAndNaNAreMissing) {
  const std::vector<float> frames{0, 1, 1, 2, 0.5F, 0, 3, 4, 1, 1, 5, std::nanf("")};
  for (const bool little : {true, false}) {
    const StoredTrack t = parse_est_track(est_file({"a", "b"}, frames, little), "a.ema");
    const bool missing[] = {false, false, true, true, false, true};
    for (std::size_t i = 0; i < 6; ++i) EXPECT_EQ(std::isnan(t.values.values[i]), missing[i]) << i;
    EXPECT_EQ(t.values.values[4], 5);
  }
}

// MOCHA-TIMIT calls both coordinates of a coil that was not used "****".
TEST(EstTrack, UnusedChannelsGetTheirNumberAndOthersNeedDifferentNames) {
  const auto channels = [](const std::vector<std::string>& names) {
    return parse_est_track(est_file(names, {0, 1, 1, 2, 3, 4}), "a.ema").channels;
  };
  EXPECT_EQ(channels({"a", "****", "b", "****"}), (std::vector<std::string>{"a", "unused_1", "b", "unused_3"}));
  EXPECT_EQ(test::refusal([&] {
              channels({"a", "b", "a", "****"});
            }),
            "a.ema: duplicate channel \"a\" (Channel_0 and Channel_2)");
  EXPECT_EQ(test::refusal([&] {
              channels({"unused_2", "b", "**", "c"});
            }),
            "a.ema: duplicate channel \"unused_2\" (Channel_0 and Channel_2)");
}

std::string said_of(const std::string& bytes) {
  return test::refusal([&] { parse_est_track(bytes, "a.ema"); });
}

TEST(EstTrack, ABadHeaderGetsOneSentence) {
  const std::string none = "a.ema: is not an EST track file, which begins with the line \"EST_File Track\"";
  const std::string cut = "a.ema: its header has no end (EST_Header_End); the file is cut off";
  const struct {
    std::string bytes, says;
  } cases[] = {
      {"", none},
      {"EST_File", none},
      {"EST_File Wave\n", none},
      {"RIFF....WAVE", none},
      {"0.0 1 2 3\n", none},
      {kLittle.substr(0, 14), cut},
      {kLittle.substr(0, 20), cut},
      {kLittle.substr(0, 50), cut},
      {kLittle.substr(0, 120), cut},
      {kLittle.substr(0, 140), cut},
      {replaced(kLittle, "EST_Header_End", "EST_Header_Ende"), cut},
      {replaced(kLittle, "DataType binary\n", ""), "a.ema: its header has no DataType"},
      {replaced(kLittle, "NumFrames 2\n", ""), "a.ema: its header has no NumFrames"},
      {replaced(kLittle, "NumChannels 2\n", ""), "a.ema: its header has no NumChannels"},
      {replaced(kLittle, "ByteOrder 01\n", ""), "a.ema: is binary and has no ByteOrder"},
      {replaced(kLittle, "DataType binary", "DataType binary2"),
       "a.ema: DataType is \"binary2\", expected ascii or binary"},
      {replaced(kLittle, "DataType binary", "DataType"), "a.ema: DataType is \"\", expected ascii or binary"},
      {replaced(kLittle, "ByteOrder 01", "ByteOrder 11"),
       "a.ema: ByteOrder is \"11\", expected 01 (little-endian) or 10 (big-endian)"},
      {replaced(kLittle, "NumFrames 2", "NumFrames two"), "a.ema: NumFrames is \"two\", expected an integer"},
      {replaced(kLittle, "NumFrames 2", "NumFrames -2"), "a.ema: NumFrames is \"-2\", expected an integer"},
      {replaced(kLittle, "NumFrames 2", "NumFrames 2.5"), "a.ema: NumFrames is \"2.5\", expected an integer"},
      {replaced(kLittle, "NumFrames 2", "NumFrames"), "a.ema: NumFrames is \"\", expected an integer"},
      {replaced(kLittle, "NumFrames 2", "NumFrames 99999999999999999999"),
       "a.ema: NumFrames is \"99999999999999999999\", expected an integer"},
      {replaced(kLittle, "NumFrames 2", "NumFrames 0"), "a.ema: NumFrames is 0, expected at least one frame"},
      {replaced(kLittle, "NumChannels 2", "NumChannels 0"), "a.ema: NumChannels is 0, expected 1 to 1024"},
      {replaced(kLittle, "NumChannels 2", "NumChannels 1025"), "a.ema: NumChannels is 1025, expected 1 to 1024"},
      {replaced(kLittle, "NumChannels 2", "NumChannels -1"), "a.ema: NumChannels is \"-1\", expected an integer"},
      {replaced(kLittle, "NumChannels 2", "NumChannels 1"), "a.ema: has a line Channel_1, but NumChannels is 1"},
      {replaced(kLittle, "EqualSpace 1", "NumAuxChannels 1"),
       "a.ema: has auxiliary channels (NumAuxChannels), which are not supported"},
      {replaced(kLittle, "BreaksPresent true", "BreaksPresent maybe"),
       "a.ema: BreaksPresent is \"maybe\", expected true or false"},
      {replaced(kLittle, "EqualSpace 1", "FrameShift nan"),
       "a.ema: FrameShift is \"nan\", expected a number of seconds"},
      {replaced(kLittle, "EqualSpace 1", "FrameShift -0.1"),
       "a.ema: FrameShift is \"-0.1\", expected a number of seconds"},
      {replaced(kLittle, "EqualSpace 1", "FrameShift inf"),
       "a.ema: FrameShift is \"inf\", expected a number of seconds"},
      {replaced(kLittle, "EqualSpace 1", "FrameShift 0.01"),
       "a.ema: FrameShift is 0.01 s, but its frames are 0.005 s apart"},
      {replaced(kLittle, "Channel_1 v_x", "Channel_1"), "a.ema: Channel_1 has no name"},
      {replaced(kLittle, "Channel_1 v_x", "Channel_x v_x"),
       "a.ema: the number of Channel_x is \"x\", expected an integer"},
      {replaced(kLittle, "Channel_1 v_x", "Channel_1024 v_x"),
       "a.ema: Channel_1024 is beyond the 1024 channels that are supported"},
      {replaced(kLittle, "Channel_1 v_x", "Channel_0 v_x"), "a.ema: has two lines Channel_0"},
      {replaced(kLittle, "Channel_1 v_x", "Channel_1 \xe4_x"), "a.ema: Channel_1 has a name that is not UTF-8"},
      {"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
       "a.ema: is a Git LFS pointer, not the file itself; run `git lfs pull` to fetch the file"},
  };
  for (const auto& c : cases) EXPECT_EQ(said_of(c.bytes), c.says) << c.bytes.substr(0, 200);
}

TEST(EstTrack, DataThatDoNotAgreeWithTheHeaderGetOneSentence) {
  const std::string sizes = " x 4 x 4 for 2 frames of a time, a break flag and 2 values; it is cut off or damaged";
  const float inf = INFINITY;
  const struct {
    std::string bytes, says;
  } cases[] = {
      {kLittle.substr(0, kLittle.size() - 1), "a.ema: has 31 bytes of data, expected 2" + sizes},
      {kLittle + "x", "a.ema: has 33 bytes of data, expected 2" + sizes},
      {kLittle.substr(0, kLittle.size() - 32), "a.ema: has 0 bytes of data, expected 2" + sizes},
      {replaced(kLittle, "NumFrames 2", "NumFrames 3"),
       "a.ema: has 32 bytes of data, expected 3 x 4 x 4 for 3 frames of a time, a break flag and 2 values; it is cut "
       "off or damaged"},
      {replaced(kLittle, "NumFrames 2", "NumFrames 1152921504606846978"),
       "a.ema: has 32 bytes of data, expected 1152921504606846978 x 4 x 4 for 1152921504606846978 frames of a time, a "
       "break flag and 2 values; it is cut off or damaged"},
      {replaced(kLittle, "BreaksPresent true\n", ""),
       "a.ema: has 32 bytes of data, expected 2 x 3 x 4 for 2 frames of a time and 2 values; it is cut off or "
       "damaged"},
      {replaced(kLittle, "ByteOrder 01", "ByteOrder 10"),
       "a.ema: the break flag of frame 1 is 4.601e-41, expected 0 or 1; is ByteOrder right?"},
      {replaced(kBig, "ByteOrder 10", "ByteOrder 01"),
       "a.ema: the break flag of frame 1 is 4.601e-41, expected 0 or 1; is ByteOrder right?"},
      {est_file({"a"}, {std::nanf(""), 1, 0}),
       "a.ema: the time of frame 1 is nan, expected a finite number of seconds"},
      {est_file({"a"}, {0, 1, 0, inf, 1, 0}), "a.ema: the time of frame 2 is inf, expected a finite number of seconds"},
      {est_file({"a"}, {0, 2, 0}), "a.ema: the break flag of frame 1 is 2, expected 0 or 1; is ByteOrder right?"},
      {replaced(kAscii, "NumFrames 2", "NumFrames 3"),
       "a.ema: has 2 frames, NumFrames says 3; it is cut off or damaged"},
      {replaced(kAscii, "NumFrames 2", "NumFrames 1"), "a.ema: has more frames than NumFrames says (1)"},
      {replaced(kAscii, "NumFrames 2", "NumFrames 4000000000"),
       "a.ema: has 44 bytes of data, too few for 4000000000 frames of 4 numbers; it is cut off or damaged"},
      {replaced(kAscii, "0.000000\t1\t", "0.000000\t1\t7 "), "a.ema: frame 1 has more than 4 numbers"},
      {replaced(kAscii, "0.005000\t1\t", "0.005000\t"),
       "a.ema: frame 2 has fewer than 4 numbers; it is cut off or damaged"},
      {replaced(kAscii, "0.005000\t1\t", "0.005000\t7\t"),
       "a.ema: the break flag of frame 2 is 7, expected 0 or 1; is ByteOrder right?"},
      {replaced(kAscii, " -2.5\n", "\n"), "a.ema: frame 2 has fewer than 4 numbers; it is cut off or damaged"},
      {replaced(kAscii, "0.005000\t1", "five\t1"), "a.ema: frame 2 has \"five\", expected a number"},
      {replaced(kAscii, "0.005000\t1", "nan\t1"),
       "a.ema: the time of frame 2 is nan, expected a finite number of seconds"},
      {replaced(kAscii, "-2.5 12.25", "-2,5 12.25"), "a.ema: frame 1 has \"-2,5\", expected a number"},
      {replaced(kAscii, "FrameShift 0.005", "FrameShift 0.002"),
       "a.ema: FrameShift is 0.002 s, but its frames are 0.005 s apart"},
  };
  for (const auto& c : cases) EXPECT_EQ(said_of(c.bytes), c.says);
}

}  // namespace
}  // namespace cutract
