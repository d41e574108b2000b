// Tables of numbers without a header: what is read, and one sentence about each bad one.
#include "host/io/ema_text.h"

#include <gtest/gtest.h>

#include <cmath>

#include "host/core/error.h"
#include "host/core/text.h"
#include "tests/io/refusals.h"
#include "tests/support/support.h"

namespace cutract {
namespace {

using test::replaced;

constexpr const char* kXrmb =
    "0\t1000000\t1000000\t13765\t16961\t12050\t-28309\t-12600\t-12692\t-28174\t-6673\t-40966\t-2326\t-"
    "52345\t4845\t1334\t"
    "-15813\n"
    "6866\t-1\t2\t13764\t16991\t11993\t-27625\t-12172\t-11538\t-27742\t-5723\t-40633\t-1812\t-52299\t5005\t1251\t-"
    "14898 ";
const std::string kMocha =
    "0.000000\t1 \t6.3 207.7 -814.5 -1049.2 1118.9 -4.7 -2000.5 494.6 -1845.8 -1282.6 3280.2 5113.4 5960.4 -11032.7 "
    "666.9 -1071.3 -1078.2 -850.5 -3816.8 5718.3 \n"
    "0.002000\t0 \t52.4 181.0 -826.0 -1045.5 1119.7 -23.7 -1976.4 493.5 -1841.3 -1278.1 3286.2 5118.4 5959.6 -11034.7 "
    "675.4 -1050.8 -1069.1 -834.4 -3818.7 5721.7 \n";

TEST(EmaText, XrmbIsInMillimetresAndSeconds) {
  const StoredTrack t = parse_xrmb(kXrmb, "a.txy");
  ASSERT_EQ(t.channels.size(), 16u);
  EXPECT_EQ(t.channels[0], "ul_x");
  EXPECT_EQ(t.channels[5], "t1_y");
  EXPECT_EQ(t.channels[15], "mnm_y");
  EXPECT_EQ(t.times, (std::vector<double>{0, 0.006866}));
  ASSERT_EQ(t.values.rows, 2);
  ASSERT_EQ(t.values.cols, 16);
  EXPECT_TRUE(std::isnan(t.values.row(0)[0]));
  EXPECT_TRUE(std::isnan(t.values.row(0)[1]));
  EXPECT_FLOAT_EQ(t.values.row(0)[2], 13.765F);
  EXPECT_FLOAT_EQ(t.values.row(1)[0], -0.001F);
  EXPECT_FLOAT_EQ(t.values.row(1)[15], -14.898F);
}

TEST(EmaText, MochaIsInMillimetres) {
  const StoredTrack t = parse_mocha_text(kMocha, "a.ema");
  ASSERT_EQ(t.channels.size(), 20u);
  EXPECT_EQ(t.channels[1], "li_x");
  EXPECT_EQ(t.channels[6], "li_y");
  EXPECT_EQ(t.channels[10], "tb_x");
  EXPECT_EQ(t.channels[19], "bn_y");
  EXPECT_EQ(t.times, (std::vector<double>{0, 0.002}));
  EXPECT_FLOAT_EQ(t.values.row(0)[0], 0.063F);
  EXPECT_FLOAT_EQ(t.values.row(0)[19], 57.183F);
  for (Index c = 0; c < 20; ++c) EXPECT_TRUE(std::isnan(t.values.row(1)[c])) << c;  // a break
}

struct Case {
  std::string bytes, says;
};

std::string repeated(const std::string& word, int n) {
  std::string out;
  for (int i = 0; i < n; ++i) out += word;
  return out;
}

TEST(EmaText, ABadXrmbTableGetsOneSentence) {
  const std::string means = " (the time in us, x and y of 8 pellets in um)";
  const std::string text = kXrmb;
  const Case cases[] = {
      {"", "a.txy: holds no rows of numbers"},
      {"\n\n \t\n", "a.txy: holds no rows of numbers"},
      {"\xef\xbb\xbf", "a.txy: holds no rows of numbers"},
      {"0", "a.txy:1: has 1 number, expected 17" + means},
      {"0\n", "a.txy:1: has 1 number, expected 17" + means},
      {repeated("1 ", 16), "a.txy:1: has 16 numbers, expected 17" + means},
      {repeated("1 ", 18), "a.txy:1: has 18 numbers, expected 17" + means},
      {repeated("1 ", 100000), "a.txy:1: has 100000 numbers, expected 17" + means},
      {text.substr(text.find('\t') + 1), "a.txy:1: has 16 numbers, expected 17" + means},  // without times
      {text.substr(0, text.size() - 8), "a.txy:2: has 16 numbers, expected 17" + means},
      {text + "\n\n0", "a.txy:4: has 1 number, expected 17" + means},
      {text + "\nend of file\n", "a.txy:3: has \"end\", expected a number"},
      {replaced(text, "\n", " "), "a.txy:1: has 34 numbers, expected 17" + means},
      {replaced(text, "13765", "13,765"), "a.txy:1: has \"13,765\", expected a number"},
      {replaced(text, "13765", "x"), "a.txy:1: has \"x\", expected a number"},
      {replaced(text, "13765", "0x10"), "a.txy:1: has \"0x10\", expected a number"},
      {replaced(text, "13765", "1e999"), "a.txy:1: has \"1e999\", expected a number"},
      {replaced(text, "13765", "--5"), "a.txy:1: has \"--5\", expected a number"},
      {replaced(text, "0\t", "nan\t"), "a.txy:1: its time is nan, expected a finite number"},
      {replaced(text, "6866", "inf"), "a.txy:2: its time is inf, expected a finite number"},
      {"time ul_x ul_y\n" + text, "a.txy:1: has \"time\", expected a number"},
      {"EST_File Track\n", "a.txy:1: has \"EST_File\", expected a number"},
      {std::string("RIFF\0\0", 6), "a.txy:1: has \"RIFF\\x00\\x00\", expected a number"},
      {"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
       "a.txy: is a Git LFS pointer, not the file itself; run `git lfs pull` to fetch the file"},
  };
  for (const Case& c : cases) EXPECT_EQ(printable(test::refusal([&] { parse_xrmb(c.bytes, "a.txy"); })), c.says);
}

TEST(EmaText, ABadMochaTableGetsOneSentence) {
  const std::string means = " (the time in s, a break flag, 20 channels in 1/1000 cm)";
  const Case cases[] = {
      {"", "a.ema: holds no rows of numbers"},
      {"\r\n", "a.ema: holds no rows of numbers"},
      {"0 1", "a.ema:1: has 2 numbers, expected 22" + means},
      {repeated("1 ", 21), "a.ema:1: has 21 numbers, expected 22" + means},
      {repeated("1 ", 23), "a.ema:1: has 23 numbers, expected 22" + means},
      {replaced(kMocha, "0.000000\t1", "0.000000"), "a.ema:1: has 21 numbers, expected 22" + means},
      {replaced(kMocha, "0.000000\t", ""), "a.ema:1: has 21 numbers, expected 22" + means},
      {kMocha.substr(0, kMocha.size() - 10), "a.ema:2: has 21 numbers, expected 22" + means},
      {kMocha + "0.004", "a.ema:3: has 1 number, expected 22" + means},
      {kMocha + "x", "a.ema:3: has \"x\", expected a number"},
      {replaced(kMocha, "0.002000\t0", "0.002000\t2"), "a.ema:2: its break flag is 2, expected 0 or 1"},
      {replaced(kMocha, "0.002000\t0", "0.002000\t-1"), "a.ema:2: its break flag is -1, expected 0 or 1"},
      {replaced(kMocha, "0.002000\t0", "0.002000\tnan"), "a.ema:2: its break flag is nan, expected 0 or 1"},
      {replaced(kMocha, "0.002000\t0", "0.002000\t0.5"), "a.ema:2: its break flag is 0.5, expected 0 or 1"},
      {replaced(kMocha, "0.002000", "nan"), "a.ema:2: its time is nan, expected a finite number"},
      {replaced(kMocha, "0.000000", "-inf"), "a.ema:1: its time is -inf, expected a finite number"},
      {replaced(kMocha, "207.7", "207;7"), "a.ema:1: has \"207;7\", expected a number"},
      {replaced(kMocha, "207.7", "207,7"), "a.ema:1: has \"207,7\", expected a number"},
      {"\x89HDF", "a.ema:1: has \"\\x89HDF\", expected a number"},
  };
  for (const Case& c : cases) EXPECT_EQ(printable(test::refusal([&] { parse_mocha_text(c.bytes, "a.ema"); })), c.says);
}

}  // namespace
}  // namespace cutract
