// Tables of movement: what is read from good ones, and the sentence about each bad one.
#include "host/corpus/importers/table_track.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "host/core/error.h"
#include "host/corpus/importers/even_track.h"
#include "host/io/npy.h"
#include "tests/io/refusals.h"
#include "tests/support/support.h"

namespace cutract {
namespace {

TrackFormat naming(const std::vector<std::string>& channels, bool needs_times = true) {
  TrackFormat f;
  f.channels = channels;
  f.needs_times = needs_times;
  return f;
}

std::string said_of(const std::string& bytes, const std::string& path, const TrackFormat& format = {}) {
  return test::refusal([&] { parse_table_track(bytes, path, format); });
}

TEST(TableTrack, EveryWayOfWritingItIsRead) {
  const std::vector<std::pair<std::string, std::string>> tables{
      {"t.csv", "time,a,b\n0,1,-2.5\n0.01,3e0,4\n"},
      {"t.CSV", "time;a;b\r\n0;1;-2.5\r\n0.01;3;4"},
      {"t.tsv", "time\ta\tb\n0\t1\t-2.5\n\n0.01\t3\t4\n\n"},
      {"t.csv", "time\ta\tb\n0\t1\t-2.5\n0.01\t3\t4\n"},
      {"t.csv", "\xef\xbb\xbftime, a , b\r0, 1 , -2.5\r0.01,3,4\r"},
      {"t.csv", "\n\ntime;a;b\n0;1;-2.5\n0.01;3;4\n"},
      {"t.csv", "\"time\",\"a\",\"b\"\n\"0\",\"1\",-2.5\n0.01,+3,4.0\n"},
  };
  for (const auto& [path, text] : tables) {
    const StoredTrack t = parse_table_track(text, path, {});
    EXPECT_EQ(t.channels, (std::vector<std::string>{"a", "b"})) << text;
    EXPECT_EQ(t.times, (std::vector<double>{0, 0.01}));
    EXPECT_EQ(t.values.values, (std::vector<float>{1, -2.5F, 3, 4})) << text;
  }
  const StoredTrack chosen = parse_table_track(tables[0].second, "t.csv", naming({"b"}));
  EXPECT_EQ(chosen.values.values, (std::vector<float>{-2.5F, 4}));
  const StoredTrack without = parse_table_track("x,\"y, z\"\n1,2\n", "t.csv", naming({}, false));
  EXPECT_EQ(without.channels[1], "y, z");
  EXPECT_TRUE(without.times.empty());
}

TEST(TableTrack, ArraysNeedNames) {
  Matrix m(3, 3);
  m.values = {0, 10, 20, 0.5F, 11, 21, 1, 12, 22};
  const StoredTrack t = parse_table_track(encode_npy(m.view()), "t.npy", naming({"time", "a", "b"}));
  EXPECT_EQ(t.channels, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(t.times, (std::vector<double>{0, 0.5, 1}));
  EXPECT_EQ(t.values.values, (std::vector<float>{10, 20, 11, 21, 12, 22}));
  Matrix two(3, 2);
  two.values = {10, 20, 11, 21, 12, 22};
  const std::string archive =
      encode_npz({{"time", std::vector<double>{0, 0.5, 1}}, {"pos", std::as_const(two).view()}});
  for (const auto& names : {std::vector<std::string>{"a", "b"}, {"time", "a", "b"}}) {
    const StoredTrack z = parse_table_track(archive, "t.npz", naming(names));
    EXPECT_EQ(z.channels, t.channels);
    EXPECT_EQ(z.times, t.times);
    EXPECT_EQ(z.values.values, t.values.values);
  }
}

TEST(TableTrack, ABadTableGetsOneSentence) {
  const std::string head = "time,a,b\n";
  const struct {
    std::string text, says;
  } cases[] = {
      {"", "t.csv:1: expected a header line of column names"},
      {"\n\n", "t.csv:1: expected a header line of column names"},
      {"0,1,2\n0.1,1,2\n",
       "t.csv:1: holds numbers, expected a header line with the names of the columns; a table has one row for each "
       "frame"},
      {"time,0,0.1\na,1,2\n",
       "t.csv:1: holds numbers, expected a header line with the names of the columns; a table has one row for each "
       "frame"},
      {"time a b\n0 1 2\n", "t.csv:1: its columns are separated by spaces, expected commas, semicolons or tabs"},
      {"time,a,\n0,1,\n", "t.csv:1: column 3 has no name"},
      {"time,a,a\n0,1,2\n", "t.csv:1: duplicate column \"a\""},
      {"t,a,b\n0,1,2\n",
       "t.csv:1: has no column \"time\" with the time of each row; name it with --time, or give the rate of the rows "
       "with "
       "--rate; the columns are: t, a, b"},
      {"time\n0\n", "t.csv:1: has no column of movement beside the times"},
      {head + "0,1\n", "t.csv:2: has 2 cells, expected 3 as in the header line"},
      {head + "0,1,2,3\n",
       "t.csv:2: has 4 cells, expected 3 as in the header line; if its numbers have decimal commas, write decimal "
       "points"},
      {"time;a;b\n0;1;2\n0;1;2;3\n", "t.csv:3: has 4 cells, expected 3 as in the header line"},
      {"time;a;b\n0;1,5;2\n", "t.csv:2: a is \"1,5\", a number with a decimal comma; write decimal points"},
      {"time;a;b\n0,01;1;2\n", "t.csv:2: the time is \"0,01\", a number with a decimal comma; write decimal points"},
      {head + "0,\"1,5\",2\n", "t.csv:2: a is \"1,5\", a number with a decimal comma; write decimal points"},
      {head + ",1,2\n", "t.csv:2: the time is empty, expected a number"},
      {head + "NaN,1,2\n", "t.csv:2: the time is \"NaN\", expected a finite number; every row needs a time"},
      {head + "0,-inf,2\n", "t.csv:2: a is \"-inf\", expected a finite number, or NaN for a missing value"},
      {head + "0,one,2\n", "t.csv:2: a is \"one\", expected a number"},
      {head + "0,1 2,2\n", "t.csv:2: a is \"1 2\", expected a number"},
      {head + "0,0x10,2\n", "t.csv:2: a is \"0x10\", expected a number"},
      {head + "0,1e39,2\n", "t.csv:2: a is \"1e39\", expected a number that fits into 32 bits"},
      {head + "0,1e999,2\n", "t.csv:2: a is \"1e999\", expected a number"},
      {head + "0,\"1,2\n3,4,5\n", "t.csv:2: a cell begins with a quotation mark and has no second one"},
      {head + "0,\"1\"x,2\n",
       "t.csv:2: a quoted cell is followed by more text; write \"\" for a quotation mark in a cell"},
      {head + std::string("0,1\0,2\n", 7), "t.csv:2: holds a zero byte; expected text"},
      {"time,\xe4,b\n0,1,2\n", "t.csv:1: is not UTF-8; save the file as UTF-8 text"},
      {"\n\ntime,a\n0,x\n", "t.csv:4: a is \"x\", expected a number"},
      {std::string("time,a\r0,1\r1,x\r"), "t.csv:3: a is \"x\", expected a number"},
      {"time,\"a\nb\"\n0,x\n", "t.csv:3: a\nb is \"x\", expected a number"},
      {"time" + std::string(256, ','),
       "t.csv:1: has more than 256 columns; a table has one row for each frame and one column for each channel"},
      {"time,a\n0," + std::string(65537, '1') + "\n", "t.csv:2: a cell has 65537 bytes, expected at most 65536"},
  };
  for (const auto& c : cases) EXPECT_EQ(said_of(c.text, "t.csv"), c.says) << c.text.substr(0, 80);
  EXPECT_NE(said_of(std::string("\xff\xfet\0i\0m\0e\0", 10), "t.csv").find("t.csv: is UTF-16"), std::string::npos);
  EXPECT_EQ(said_of(head + "0,1,2\n", "t.csv", naming({"a", "jaw"})),
            "t.csv:1: has no column \"jaw\"; the columns are: time, a, b");
}

TEST(TableTrack, MissingValuesAreNaN) {
  const StoredTrack t = parse_table_track("time,a,b\n0,,1\n1,NaN,2\n2,-,n/a\n3,None,-0.5\n", "t.csv", {});
  EXPECT_EQ(t.times.size(), 4u);
  const bool missing[] = {true, false, true, false, true, true, true, false};
  for (std::size_t i = 0; i < 8; ++i) EXPECT_EQ(std::isnan(t.values.values[i]), missing[i]) << i;
  EXPECT_EQ(t.values.values[7], -0.5F);
  Matrix m(2, 1);
  m.values = {std::nanf(""), 1};
  EXPECT_TRUE(std::isnan(parse_table_track(encode_npy(m.view()), "t.npy", naming({"a"}, false)).values.values[0]));
}

TEST(TableTrack, ABadArrayGetsOneSentence) {
  Matrix m(5, 2);
  const std::string npy = encode_npy(m.view());
  Matrix infinite = m;
  infinite.row(3)[1] = -std::numeric_limits<float>::infinity();
  Matrix back(3, 2);
  back.values = {0, 1, 0.2F, 1, 0.1F, 1};
  Matrix turned(2, 5);
  const struct {
    std::string bytes, path;
    TrackFormat format;
    std::string says;
  } cases[] = {
      {npy,
       "t.npy",
       {},
       "t.npy: an array has no names of columns; name all of them with --channels, e.g. --channels tt_x,tt_y"},
      {npy, "t.npy", naming({"a", "b"}),
       "t.npy: has no times; give the rate of the rows with --rate, or name the column of times \"time\" in "
       "--channels"},
      {npy, "t.npy", naming({"a", "b", "c"}, false), "t.npy: has 2 columns, --channels names 3"},
      {encode_npy(turned.view()), "t.npy", naming({"a", "b"}, false),
       "t.npy: has 2 rows of 5 numbers, expected one row for each frame with 2 numbers; it is transposed, so save x.T"},
      {encode_npy(infinite.view()), "t.npy", naming({"a", "b"}, false),
       "t.npy: row 4 of \"b\" is -inf, expected a finite number, or NaN for a missing value"},
      {encode_npy(back.view()), "t.npy", naming({"time", "b"}),
       "t.npy: the time of row 3 is 0.1, but that of row 2 is 0.2; times must increase"},
      {"time,a\n", "t.npy", naming({"a"}, false), "t.npy: is not a .npy file; save the array with np.save"},
      {npy, "t.npz", naming({"a"}, false), "t.npz: is not a .npz archive; save the arrays with np.savez"},
      {npy.substr(0, 90), "t.npy", naming({"a", "b"}, false), "t.npy: .npy header is cut off"},
      {encode_npz({{"x", std::as_const(m).view()}, {"y", std::as_const(m).view()}}), "t.npz", naming({"a", "b"}, false),
       "t.npz: holds 2 arrays, expected one; name it with --array: x, y"},
      {encode_npz({{"x", std::as_const(m).view()}, {"time", std::vector<double>{0, 1}}}), "t.npz", naming({"a", "b"}),
       "t.npz: array \"x\" has 5 rows, array \"time\" holds 2 times; expected as many"},
      {encode_npz({{"x", std::vector<std::string>{"text"}}}), "t.npz", naming({"a"}, false),
       "t.npz: array \"x\": dtype is <U4, expected real numbers (f2, f4, f8, i1 to i8, u1 to u8); save it with "
       "np.save(file, x.astype(\"float32\"))"},
  };
  for (const auto& c : cases) EXPECT_EQ(said_of(c.bytes, c.path, c.format), c.says);
}

// An array of zeros is compressed a thousand times, and would take a thousand times the memory of its file.
TEST(TableTrack, AnArchiveTakesBoundedMemory) {
  const Matrix zeros(1000000, 1);
  EXPECT_EQ(said_of(encode_npz({{"x", zeros.view()}}), "t.npz", naming({"a"}, false)),
            "t.npz: array \"x\" is compressed to less than an eighth of its size in memory; save it with np.savez");
}

StoredTrack track_at(const std::vector<double>& times) {
  StoredTrack t{{"a"}, times, Matrix(static_cast<Index>(times.size()), 1)};
  for (std::size_t i = 0; i < times.size(); ++i) t.values.values[i] = static_cast<float>(10 * times[i]);
  return t;
}

std::vector<double> steps(int n, double step, double first = 0) {
  std::vector<double> t;
  for (int i = 0; i < n; ++i) t.push_back(first + i * step);
  return t;
}

TEST(EvenTrack, TimesOnTheGridAreTakenAsTheyAre) {
  const EvenTrack t = even_track(track_at(steps(100, 0.01)), {}, 0, 1, "t");
  EXPECT_EQ(t.rate_hz, 100);
  EXPECT_EQ(t.values.values, track_at(steps(100, 0.01)).values.values);
  EXPECT_EQ(t.cut_ms, 0);
  EXPECT_EQ(t.audio_s, 1);
  // 300 Hz, written with four decimals.
  std::vector<double> rounded = steps(300, 1 / 300.0);
  for (double& v : rounded) v = std::round(v * 10000) / 10000;
  EXPECT_EQ(even_track(track_at(rounded), {}, 0, 1, "t").rate_hz, 300);
}

// 10 t is linear, so interpolation must give it back at any rate.
TEST(EvenTrack, OtherTimesAreInterpolated) {
  std::vector<double> uneven = steps(105, 0.01, -0.013);
  for (std::size_t i = 0; i < uneven.size(); i += 3) uneven[i] += 0.004;
  for (const double rate : {50.0, 100.0, 123.4}) {
    TimeRules rules;
    rules.rate_hz = rate;
    const EvenTrack t = even_track(track_at(uneven), rules, 0, 1, "t");
    EXPECT_EQ(t.rate_hz, rate);
    for (Index k = 0; k < t.values.rows; ++k)
      EXPECT_NEAR(t.values.row(k)[0], 10 * static_cast<double>(k) / rate, 1e-5) << k;
  }
}

TEST(EvenTrack, MillisecondsAndTheFirstRow) {
  TimeRules rules;
  rules.scale = 0.001;
  EXPECT_EQ(even_track(track_at(steps(200, 5)), rules, 0, 1, "t").rate_hz, 200);
  rules.from_first = true;
  EXPECT_EQ(even_track(track_at(steps(200, 5, 70000)), rules, 0, 1, "t").values.rows, 200);
}

TEST(EvenTrack, RowsAfterTheAudioAreLeftOut) {
  const EvenTrack t = even_track(track_at(steps(150, 0.01)), {}, 0, 1, "t");
  EXPECT_EQ(t.values.rows, 100);
  EXPECT_NEAR(t.cut_ms, 500, 1e-9);
  TimeRules at50;
  at50.rate_hz = 50;
  const EvenTrack slower = even_track(track_at(steps(150, 0.01)), at50, 0, 1, "t");  // its last time is 1.49 s
  EXPECT_EQ(slower.values.rows, 50);
  EXPECT_NEAR(slower.cut_ms, 500, 1e-9);
  EXPECT_NEAR(slower.values.row(49)[0], 9.8, 1e-5);
}

// Rows that are cut off may have any gap, and it is not counted.
TEST(EvenTrack, GapsInWhatIsCutOffDoNotMatter) {
  TimeRules trim, at50;
  trim.trim_s = 0.6;
  at50.rate_hz = 50;
  StoredTrack t = track_at(steps(150, 0.01));
  for (std::size_t k = 100; k < 140; ++k) t.values.values[k] = std::nanf("");
  for (const TimeRules& rules : {TimeRules{}, trim, at50}) {
    const EvenTrack cut = even_track(t, rules, 0, 1, "t");
    EXPECT_NEAR(cut.cut_ms, 500, 1e-9);
    EXPECT_EQ(cut.gaps.gaps, 0);
    EXPECT_NEAR(cut.values.row(cut.values.rows - 1)[0], cut.rate_hz == 50 ? 9.8 : 9.9, 1e-5);
  }
  t.values.values[99] = std::nanf("");
  EXPECT_EQ(even_track(t, {}, 0, 1, "t").gaps.values, 1);
  t.values.values[94] = std::nanf("");
  for (std::size_t k = 94; k < 100; ++k) t.values.values[k] = std::nanf("");
  const EvenTrack lost = even_track(t, {}, 0, 1, "t");
  EXPECT_EQ(lost.gaps.gaps, 0);
  EXPECT_EQ(lost.left.values, 6);
  EXPECT_DOUBLE_EQ(lost.left.longest_ms, 60);
  // Rows before the start of the audio.
  StoredTrack early = track_at(steps(120, 0.01, -0.203));
  for (std::size_t k = 2; k < 20; ++k) early.values.values[k] = std::nanf("");
  const EvenTrack started = even_track(early, {}, 0, 1, "t");
  EXPECT_EQ(started.gaps.gaps, 0);
  EXPECT_NEAR(started.values.row(0)[0], 0, 1e-5);
}

// 10 rows at 199.98 Hz last 50.005 ms.
TEST(EvenTrack, AGapMayBeOnePercentOfARowLonger) {
  StoredTrack t = track_at(steps(100, 1 / 199.98));
  for (std::size_t k = 20; k < 30; ++k) t.values.values[k] = std::nanf("");
  EXPECT_EQ(even_track(t, {}, 0, 0.5, "t").gaps.values, 10);
  t.values.values[30] = std::nanf("");
  EXPECT_EQ(even_track(t, {}, 0, 0.5, "t").gaps.values, 0);
  EXPECT_EQ(even_track(t, {}, 0, 0.5, "t").left.gaps, 1);
  // Times that are rounded to a microsecond: three steps are not more than three steps.
  StoredTrack missing = track_at(steps(100, 0.005));
  for (std::size_t k = 50; k < 100; ++k) missing.times[k] += 0.010001;
  TimeRules at200;
  at200.rate_hz = 200;
  EXPECT_EQ(even_track(missing, at200, 0, 0.51, "t").values.rows, 102);
}

// The length is compared with that of the audio before rows are made: these would be 10^11 of them.
TEST(EvenTrack, ALongTrackTakesNoMemory) {
  StoredTrack t = track_at(steps(1000000, 1));
  t.times.clear();
  t.rate_hz = 1;
  TimeRules rules;
  rules.rate_hz = 100000;
  const std::string says = "t: 99999900001 rows last 999999.000 s at 100000 Hz, the audio 1.000 s; expected the same";
  EXPECT_EQ(test::refusal([&] { even_track(t, rules, 0, 1, "t"); }),
            says + " within 20 ms; with --rate 99999900001 they would agree");
  rules.trim_s = 0.5;
  EXPECT_EQ(test::refusal([&] { even_track(t, rules, 0, 1, "t"); }), says + " within 500 ms");
}

// Rows that have a rate of their own, as most formats of corpora have them, from a time on.
TEST(EvenTrack, RowsWithARateAndAFirstTime) {
  StoredTrack t = track_at(steps(100, 0.01));
  t.times.clear();
  t.rate_hz = 100;
  EXPECT_EQ(even_track(t, {}, 0, 1, "t").values.values, t.values.values);
  t.first_s = -0.005;
  const EvenTrack moved = even_track(t, {}, 0, 1, "t");
  EXPECT_EQ(moved.values.rows, 99);
  EXPECT_NEAR(moved.values.row(10)[0], 1.05, 1e-6);  // halfway between rows 10 and 11
  TimeRules at50;
  at50.rate_hz = 50;
  t.first_s = 0;
  EXPECT_EQ(even_track(t, at50, 0, 1, "t").rate_hz, 50);
  EXPECT_NEAR(even_track(t, at50, 0, 1, "t").values.row(10)[0], 2, 1e-6);
  EXPECT_FAULT(
      even_track(t, {}, 200, 1, "t"), Fault::data,
      "t: has 100 rows per second, earlier files have 200; use --rate HZ to interpolate all of them to one rate");
  t.first_s = 0.5;
  EXPECT_FAULT(even_track(t, {}, 0, 1, "t"), Fault::data, "t: its first time is 0.500 s, expected at most 0.020 s");
}

TEST(EvenTrack, EndsThatDifferALittleAreCutOff) {
  TimeRules rules;
  rules.trim_s = 0.3;
  const StoredTrack t = track_at(steps(100, 0.01));
  const EvenTrack longer = even_track(t, rules, 0, 0.75, "t");
  EXPECT_EQ(longer.values.rows, 75);
  EXPECT_NEAR(longer.cut_ms, 250, 1e-9);
  EXPECT_EQ(longer.audio_s, 0.75);
  const EvenTrack shorter = even_track(t, rules, 0, 1.25, "t");
  EXPECT_EQ(shorter.values.rows, 100);
  EXPECT_EQ(shorter.cut_ms, 0);
  EXPECT_EQ(shorter.audio_s, 1);
  EXPECT_EQ(even_track(t, rules, 0, 1.015, "t").audio_s, 1.015);  // the slack of every recording
  EXPECT_FAULT(even_track(t, rules, 0, 0.65, "t"), Fault::data,
               "t: 100 rows last 1.000 s at 100 Hz, the audio 0.650 s; expected the same within 300 ms");
  EXPECT_FAULT(even_track(t, rules, 0, 1.35, "t"), Fault::data,
               "t: 100 rows last 1.000 s at 100 Hz, the audio 1.350 s; expected the same within 300 ms");
}

TEST(EvenTrack, WhatDoesNotFitIsRefused) {
  TimeRules plain, milli, at100;
  milli.scale = 0.001;
  at100.rate_hz = 100;
  std::vector<double> gap = steps(100, 0.01), swapped = gap, equal = gap;
  gap.erase(gap.begin() + 20, gap.begin() + 30);
  std::swap(swapped[5], swapped[6]);
  equal[7] = equal[6];
  StoredTrack no_times = track_at(steps(150, 0.01));
  no_times.times.clear();
  const struct {
    StoredTrack track;
    TimeRules rules;
    double corpus_hz;
    std::string says;
  } cases[] = {
      {track_at(gap), plain, 0,
       "t: rows 20 and 21 are 0.11 s apart, usually 0.01 s; rows are missing, and gaps of more than 3 frames are not "
       "filled"},
      {track_at(swapped), plain, 0, "t: the time of row 7 is 0.05, but that of row 6 is 0.06; times must increase"},
      {track_at(equal), plain, 0, "t: the time of row 8 is 0.06, but that of row 7 is 0.06; times must increase"},
      {track_at({0.5}), plain, 0, "t: has 1 row, expected at least 2"},
      {track_at({}), plain, 0, "t: holds no rows"},
      {track_at(steps(100, 0.001)), milli, 0,
       "t: its times give 1e+06 rows per second, expected 1 to 100000; check --time-unit (s or ms)"},
      {track_at(steps(100, 0.5)), plain, 0,
       "t: its last time is 49.5 s, but the audio lasts 1.000 s; check --time-unit (s or ms)"},
      {track_at(steps(100, 0.05)), milli, 0,
       "t: its last time is 0.00495 s, but the audio lasts 1.000 s; check --time-unit (s or ms)"},
      {track_at(steps(100, 5)), plain, 0,
       "t: its times give 0.2 rows per second, expected 1 to 100000; check --time-unit (s or ms)"},
      {track_at(steps(100, 0.01, 0.1)), plain, 0,
       "t: its first time is 0.100 s, expected at most 0.020 s after the start of the audio; if the audio starts with "
       "the "
       "first row, use --time-from-first"},
      {track_at(steps(100, 0.01, -5)), plain, 0, "t: its last time is -4.010 s, before the start of the audio"},
      {track_at(steps(90, 0.01)), plain, 0,
       "t: 90 rows last 0.900 s at 100 Hz, the audio 1.000 s; expected the same within 20 ms"},
      {track_at(steps(200, 0.005)), plain, 100,
       "t: has 200 rows per second, earlier files have 100; use --rate HZ to interpolate all of them to one rate"},
      {no_times, at100, 0,
       "t: 150 rows last 1.500 s at 100 Hz, the audio 1.000 s; expected the same within 20 ms; with --rate 150 they "
       "would agree"},
  };
  for (const auto& c : cases)
    EXPECT_EQ(test::refusal([&] { even_track(c.track, c.rules, c.corpus_hz, 1, "t"); }), c.says);
  TimeRules smooth;
  smooth.lowpass_hz = 60;
  EXPECT_FAULT(even_track(track_at(steps(100, 0.01)), smooth, 0, 1, "t"), Fault::data,
               "t: --lowpass 60 needs more than 120 rows per second, and it has 100");
}

}  // namespace
}  // namespace cutract
