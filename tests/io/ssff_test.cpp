// SSFF tracks: every type and byte order, and one sentence about each bad one.
#include "host/io/ssff.h"

#include <gtest/gtest.h>

#include <cmath>

#include "host/core/error.h"
#include "tests/io/refusals.h"
#include "tests/io/track_bytes.h"
#include "tests/support/support.h"

namespace cutract {
namespace {

using test::replaced;
using test::ssff_file;

// Bytes that no code of this project wrote: -2 as every type; -1.5 is BFC00000 and BFF8000000000000.
const std::string kHeader =
    "Record_Freq 200\nStart_Time 0.0025\nColumn a CHAR 1\nColumn b BYTE 1\nColumn c SHORT 2\nColumn d LONG 1\n"
    "Column e FLOAT 1\nColumn f DOUBLE 1\nOriginal_Freq DOUBLE 20000.0\n-----------------\n";
const std::string kLittle = "SSFF -- (c) SHLRC\nMachine IBM-PC\n" + kHeader +
                            std::string("\xfe\xfe\xfe\xff\x01\x00\xfe\xff\xff\xff\0\0\xc0\xbf\0\0\0\0\0\0\xf8\xbf", 22);
const std::string kBig = "SSFF -- (c) SHLRC\nMachine SPARC\n" + kHeader +
                         std::string("\xfe\xfe\xff\xfe\x00\x01\xff\xff\xff\xfe\xbf\xc0\0\0\xbf\xf8\0\0\0\0\0\0", 22);

TEST(Ssff, EveryTypeInBothByteOrders) {
  for (const std::string& bytes : {kLittle, kBig}) {
    const StoredTrack t = parse_ssff(bytes, "a.tt");
    EXPECT_EQ(t.channels, (std::vector<std::string>{"a", "b", "c_1", "c_2", "d", "e", "f"}));
    EXPECT_EQ(t.rate_hz, 200);
    EXPECT_EQ(t.first_s, 0.0025);
    EXPECT_TRUE(t.times.empty());
    EXPECT_EQ(t.values.values, (std::vector<float>{-2, 254, -2, 1, -2, -1.5F, -1.5F}));
  }
}

TEST(Ssff, RecordsAreRows) {
  const StoredTrack t = parse_ssff(ssff_file({"tt_posx", "tt_posz"}, 3, false), "a.tt");
  EXPECT_EQ(t.values.values, (std::vector<float>{0, 1, 100, 101, 200, 201}));
}

TEST(Ssff, ABadFileGetsOneSentence) {
  const std::string good = ssff_file({"x", "y"}, 3);
  const std::string none = "a.tt: is not an SSFF file, which begins with the line \"SSFF -- (c) SHLRC\"";
  const std::string cut = "a.tt: its header has no end (a line of dashes); the file is cut off";
  const std::string numbers = " numbers, expected 1 to 1024 in all columns";
  const std::string sizes = " of data, expected a multiple of 8 for records of 2 numbers; it is cut off or damaged";
  const auto with = [&](const char* from, const char* to) { return replaced(good, from, to); };
  const struct {
    std::string bytes, says;
  } cases[] = {
      {"", none},
      {"SSFF", none},
      {"RIFF....WAVE", none},
      {"ssff -- (c) shlrc\n", none},
      {good.substr(0, 17), cut},
      {good.substr(0, 18), cut},
      {good.substr(0, 25), cut},
      {good.substr(0, 34), cut},
      {good.substr(0, 45), cut},
      {good.substr(0, 60), cut},
      {good.substr(0, 90), cut},
      {good.substr(0, 100), cut},
      {with("-----------------\n", ""), cut},
      {with("-----------------\n", "----\n"), cut},
      {with("-----------------\n", "-----------------"), cut},
      {with("Machine IBM-PC\n", ""), "a.tt: its header has no Machine, which says the byte order"},
      {with("Machine IBM-PC", "Machine VAX"),
       "a.tt: Machine is \"VAX\", expected IBM-PC (little-endian) or SPARC (big-endian)"},
      {with("Machine IBM-PC", "Machine"),
       "a.tt: Machine is \"\", expected IBM-PC (little-endian) or SPARC (big-endian)"},
      {with("Record_Freq 200.0\n", ""), "a.tt: its header has no Record_Freq"},
      {with("Record_Freq 200.0", "Record_Freq"), "a.tt: Record_Freq is \"\", expected a number"},
      {with("Record_Freq 200.0", "Record_Freq nan"), "a.tt: Record_Freq is \"nan\", expected a number"},
      {with("Record_Freq 200.0", "Record_Freq inf"), "a.tt: Record_Freq is \"inf\", expected a number"},
      {with("Record_Freq 200.0", "Record_Freq fast"), "a.tt: Record_Freq is \"fast\", expected a number"},
      {with("Record_Freq 200.0", "Record_Freq 0"), "a.tt: Record_Freq is 0, expected 1 to 100000 Hz"},
      {with("Record_Freq 200.0", "Record_Freq -200"), "a.tt: Record_Freq is -200, expected 1 to 100000 Hz"},
      {with("Record_Freq 200.0", "Record_Freq 1e6"), "a.tt: Record_Freq is 1000000, expected 1 to 100000 Hz"},
      {with("Start_Time 0.0\n", ""), "a.tt: its header has no Start_Time"},
      {with("Start_Time 0.0", "Start_Time later"), "a.tt: Start_Time is \"later\", expected a number"},
      {with("Start_Time 0.0", "Start_Time nan"), "a.tt: Start_Time is \"nan\", expected a number"},
      {with("Column x FLOAT 1\nColumn y FLOAT 1\n", ""), "a.tt: its header has no Column"},
      {with("Column x FLOAT 1", "Column"), "a.tt: a Column has no name"},
      {with("Column x FLOAT 1", ("Column " + std::string(201, 'x') + " FLOAT 1").c_str()),
       "a.tt: a Column has a name of 201 bytes, expected at most 200"},
      {with("Column x FLOAT 1", ("Column " + std::string(2000, 'x') + " CHAR 1024").c_str()),
       "a.tt: a Column has a name of 2000 bytes, expected at most 200"},
      {with("Column x FLOAT 1", ("Column " + std::string(200, 'x') + " FLOAT 1023").c_str()),
       "a.tt: has 24 bytes of data, expected a multiple of 4096 for records of 1024 numbers; it is cut off or damaged"},
      {with("Column x FLOAT 1", "Column \xff FLOAT 1"), "a.tt: a Column has a name that is not UTF-8"},
      {with("Column x FLOAT 1", "Column x"),
       "a.tt: column \"x\" has the type \"\", expected CHAR, BYTE, SHORT, LONG, FLOAT or DOUBLE"},
      {with("Column x FLOAT 1", "Column x COMPLEX 1"),
       "a.tt: column \"x\" has the type \"COMPLEX\", expected CHAR, BYTE, SHORT, LONG, FLOAT or DOUBLE"},
      {with("Column x FLOAT 1", "Column x FLOAT"), "a.tt: column \"x\" has \"\"" + numbers},
      {with("Column x FLOAT 1", "Column x FLOAT 0"), "a.tt: column \"x\" has \"0\"" + numbers},
      {with("Column x FLOAT 1", "Column x FLOAT -1"), "a.tt: column \"x\" has \"-1\"" + numbers},
      {with("Column x FLOAT 1", "Column x FLOAT 1.5"), "a.tt: column \"x\" has \"1.5\"" + numbers},
      {with("Column x FLOAT 1", "Column x FLOAT 1025"), "a.tt: column \"x\" has \"1025\"" + numbers},
      {with("Column x FLOAT 1", "Column x FLOAT 99999999999999999999"),
       "a.tt: column \"x\" has \"99999999999999999999\"" + numbers},
      {with("Column x FLOAT 1", "Column x FLOAT 1024"), "a.tt: column \"y\" has \"1\"" + numbers},
      {with("Column x FLOAT 1", "Column y FLOAT 1"), "a.tt: duplicate column \"y\""},
      {with("Column x FLOAT 1", "Column x FLOAT 4"),
       "a.tt: has 24 bytes of data, expected a multiple of 20 for records of 5 numbers; it is cut off or damaged"},
      {good.substr(0, good.size() - 1), "a.tt: has 23 bytes" + sizes},
      {good + "x", "a.tt: has 25 bytes" + sizes},
      {good.substr(0, good.size() - 24), "a.tt: holds no records after its header"},
      {good.substr(0, good.size() - 23), "a.tt: has 1 byte" + sizes},
      {"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
       "a.tt: is a Git LFS pointer, not the file itself; run `git lfs pull` to fetch the file"},
  };
  for (const auto& c : cases) EXPECT_EQ(test::refusal([&] { parse_ssff(c.bytes, "a.tt"); }), c.says);
}

}  // namespace
}  // namespace cutract
