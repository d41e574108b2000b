// Struct arrays of MVIEW in MATLAB files: what is read, and one sentence about each bad one.
#include "host/io/mview.h"

#include <gtest/gtest.h>

#include <cmath>

#include "host/core/error.h"
#include "tests/io/mview_bytes.h"
#include "tests/support/support.h"

namespace cutract {
namespace {

using test::MviewComposer;

TEST(Mview, SignalsInBothByteOrdersCompressedOrNot) {
  for (const bool little : {true, false})
    for (const bool compressed : {true, false}) {
      const MviewComposer m(little);
      const std::string bytes = m.file(compressed ? m.compressed(m.mview()) : m.mview());
      const std::vector<MviewSignal> signals = parse_mview(bytes, "a.mat");
      ASSERT_EQ(signals.size(), 2u);
      EXPECT_EQ(signals[0].name, "AUDIO");
      EXPECT_EQ(signals[0].rate_hz, 1000);
      EXPECT_EQ(signals[0].values.rows, 500);
      EXPECT_EQ(signals[0].values.values[6], 0.75F);
      EXPECT_EQ(signals[1].name, "TT");
      EXPECT_EQ(signals[1].rate_hz, 10);
      ASSERT_EQ(signals[1].values.cols, 6);
      EXPECT_EQ(signals[1].values.row(3)[2], 23);
      EXPECT_EQ(signals[1].values.row(4)[5], 54);
    }
}

// Fields may have any order, and others may be between them; other variables are skipped.
TEST(Mview, OtherFieldsAndVariables) {
  const MviewComposer m;
  const std::string empty = m.matrix(MviewComposer::kDoubleClass, {0, 0}, m.element(9, ""));
  const std::string sensor =
      m.floats(2, 1, {1, 2}) + empty + m.text("TT") + m.element(MviewComposer::kMatrix, "") + m.integer(100, 1);
  const std::string bytes = m.file(m.matrix(MviewComposer::kDoubleClass, {1, 1}, m.element(2, "\1"), "x") +
                                   m.structure("y", {1, 1}, {"NAME", "OTHER"}, m.text("a") + m.text("b")) +
                                   m.structure("z", {1, 1}, {"SIGNAL", "SOURCE", "NAME", "LABELS", "SRATE"}, sensor));
  const std::vector<MviewSignal> signals = parse_mview(bytes, "a.mat");
  ASSERT_EQ(signals.size(), 1u);
  EXPECT_EQ(signals[0].rate_hz, 100);
  EXPECT_EQ(signals[0].values.values, (std::vector<float>{1, 2}));
}

TEST(Mview, ABadFileGetsOneSentence) {
  const MviewComposer m;
  const std::vector<std::string> fields{"NAME", "SRATE", "SIGNAL"};
  const auto one = [&](const std::string& cells) { return m.file(m.structure("F01", {1, 1}, fields, cells)); };
  const std::string none = "a.mat: is not a MATLAB 5 file; save it with save(file, '-v7')";
  const std::string hdf5 =
      "a.mat: is a MATLAB 7.3 (HDF5) file, which is not read; load it in MATLAB and save it again "
      "with save(file, '-v7')";
  const std::string damaged = "a.mat: is cut off or damaged";
  const std::string others = "a.mat: has no struct array with the fields NAME, SRATE and SIGNAL; its variables are: ";
  const std::string rate = m.integer(100, 1), signal = m.floats(2, 2, {1, 2, 3, 4}), name = m.text("TT");
  const std::string good = one(name + rate + signal), empty = m.element(MviewComposer::kMatrix, "");
  std::string v73 = good;
  v73[124] = 0;
  v73[125] = 2;
  const auto single = [&](std::uint32_t type, const std::string& data) {
    return m.matrix(MviewComposer::kSingle, {1, 1}, m.element(type, data));
  };
  const struct {
    std::string bytes, says;
  } cases[] = {
      {"", none},
      {"MATLAB 5.0 MAT-file", none},
      {good.substr(0, 127), none},
      {std::string(200, 'x'), none},
      {"\x89HDF\r\n\x1a\n", hdf5},
      {v73, hdf5},
      {good.substr(0, 128), others + "none"},
      {good.substr(0, 130), damaged},
      {good.substr(0, 140), damaged},
      {good.substr(0, 200), damaged},
      {good.substr(0, good.size() - 1), damaged},
      {good.substr(0, good.size() - 8), damaged},
      {good + "x", "a.mat: accepted"},
      {m.file(m.compressed(m.mview()).substr(0, 100)), damaged},
      {m.file(m.compressed(m.mview()) + "x"), "a.mat: accepted"},
      {m.file(m.element(1, "abc")), damaged},
      {m.file(m.element(MviewComposer::kCompressed, "not deflated")), damaged},
      {m.file(m.floats(1, 1, {1})), others},
      {m.file(m.matrix(MviewComposer::kDoubleClass, {1, 1}, m.element(2, "\1"), "x")), others + "x"},
      {m.file(m.structure("s", {1, 1}, {"NAME", "SRATE"}, name + rate)), others + "s"},
      {m.file(m.structure("s", {1, 1}, {"name", "srate", "signal"}, name + rate + signal)), others + "s"},
      {m.file(m.structure("s", {1, 1}, {}, "")), others + "s"},
      {m.file(m.structure("F01", std::vector<int>(32, 0), fields, "")), "a.mat: variable \"F01\" has no signals"},
      {m.file(m.structure("F01", std::vector<int>(33, 0), fields, "")), damaged},
      {m.file(m.structure(std::string(256, 'x'), {1, 1}, {"NAME"}, name)), others + std::string(60, 'x') + "..."},
      {m.file(m.structure(std::string(257, 'x'), {1, 1}, {"NAME"}, name)), damaged},
      {m.file(m.structure("F01", {1, 0}, fields, "")), "a.mat: variable \"F01\" has no signals"},
      {m.file(m.structure("F01", {1, 257}, fields, "")), "a.mat: variable \"F01\" has more than 256 signals"},
      {m.file(m.structure("F01", {17, 16}, fields, "")), "a.mat: variable \"F01\" has more than 256 signals"},
      {m.file(m.structure("F01", {1, -1}, fields, "")), "a.mat: variable \"F01\" has more than 256 signals"},
      {m.file(m.structure("F01", {2147483647, 2147483647}, fields, "")),
       "a.mat: variable \"F01\" has more than 256 signals"},
      {m.file(m.structure("F01", {1, 2}, fields, name + rate + signal)), damaged},
      {one(empty + rate + signal), "a.mat: signal 1: NAME is empty, expected text"},
      {one(rate + rate + signal), "a.mat: signal 1: NAME is not text"},
      {one(m.text("") + rate + signal), "a.mat: signal 1: NAME has 0 letters, expected 1 to 64"},
      {one(m.text(std::string(65, 'a')) + rate + signal), "a.mat: signal 1: NAME has 65 letters, expected 1 to 64"},
      {one(name + empty + signal), "a.mat: signal 1 (\"TT\"): SRATE is empty, expected numbers"},
      {one(name + name + signal), "a.mat: signal 1 (\"TT\"): SRATE is not a numeric matrix"},
      {one(name + signal + signal),
       "a.mat: signal 1 (\"TT\"): SRATE is 4 numbers, expected one number from 1 to 1000000"},
      {one(name + m.integer(0, 1) + signal),
       "a.mat: signal 1 (\"TT\"): SRATE is 0, expected one number from 1 to 1000000"},
      {one(name + m.floats(1, 1, {-200}) + signal),
       "a.mat: signal 1 (\"TT\"): SRATE is -200, expected one number from 1 to 1000000"},
      {one(name + m.floats(1, 1, {std::nanf("")}) + signal),
       "a.mat: signal 1 (\"TT\"): SRATE is nan, expected one number from 1 to 1000000"},
      {one(name + m.floats(1, 1, {INFINITY}) + signal),
       "a.mat: signal 1 (\"TT\"): SRATE is inf, expected one number from 1 to 1000000"},
      {one(name + rate + empty), "a.mat: signal 1 (\"TT\"): SIGNAL is empty, expected numbers"},
      {one(name + rate + m.floats(0, 2, {})), "a.mat: signal 1 (\"TT\"): SIGNAL is empty, expected numbers"},
      {one(name + rate + name), "a.mat: signal 1 (\"TT\"): SIGNAL is not a numeric matrix"},
      {one(name + rate + m.matrix(MviewComposer::kSingle, {1, 1, 2}, m.element(7, std::string(8, '\0')))),
       "a.mat: signal 1 (\"TT\"): SIGNAL is not a matrix with two axes"},
      {one(name + rate + m.matrix(MviewComposer::kSingle | 0x0800, {1, 1}, m.element(7, std::string(4, '\0')))),
       "a.mat: signal 1 (\"TT\"): SIGNAL is complex, expected real numbers"},
      {one(name + rate + m.floats(3, 2, {1, 2, 3, 4})), damaged},
      {one(name + rate + m.floats(1, 2, {1, 2, 3, 4})), damaged},
      {one(name + rate + m.floats(-2, 2, {1, 2, 3, 4})), damaged},
      {one(name + rate + m.floats(2147483647, 2147483647, {1, 2, 3, 4})), damaged},
      {one(name + rate + single(99, "1234")), damaged},
      {one(name + rate + m.element(1, "1234")), damaged},
      {"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
       "a.mat: is a Git LFS pointer, not the file itself; run `git lfs pull` to fetch the file"},
  };
  for (const auto& c : cases) {
    std::string said = "a.mat: accepted";  // what follows the struct array is not looked at
    try {
      parse_mview(c.bytes, "a.mat");
    } catch (const Error& e) {
      EXPECT_EQ(e.fault(), Fault::data);
      said = e.what();
    }
    EXPECT_EQ(said, c.says);
  }
}

// A few bytes must not take gigabytes.
TEST(Mview, MemoryIsBoundedByTheFile) {
  const MviewComposer m;
  const std::string zeros = m.text("TT") + m.integer(100, 1) + m.floats(1000000, 1, std::vector<float>(1000000));
  EXPECT_FAULT(
      parse_mview(m.file(m.compressed(m.structure("F01", {1, 1}, {"NAME", "SRATE", "SIGNAL"}, zeros))), "a.mat"),
      Fault::data, "a.mat: needs more than four times its size in memory; save it with save(file, '-v6')");
  // Inflating stops at the limit, so damage after it is not noticed.
  const std::string packed_zeros = m.compressed(m.structure("F01", {1, 1}, {"NAME", "SRATE", "SIGNAL"}, zeros));
  const std::string cut = packed_zeros.substr(8, packed_zeros.size() - 100);
  EXPECT_FAULT(parse_mview(m.file(m.number(MviewComposer::kCompressed, 4) + m.number(cut.size(), 4) + cut), "a.mat"),
               Fault::data, "a.mat: needs more than four times its size in memory; save it with save(file, '-v6')");
  // Deflate packs these bytes to a third, and each takes four bytes in memory.
  test::Rng rng(1);
  std::string few(1000000, '\0');
  for (char& c : few) c = static_cast<char>(rng.below(6));
  const std::string packed = m.text("TT") + m.integer(100, 1) +
                             m.matrix(MviewComposer::kDoubleClass, {1000000, 1}, m.element(MviewComposer::kUint8, few));
  EXPECT_FAULT(
      parse_mview(m.file(m.compressed(m.structure("F01", {1, 1}, {"NAME", "SRATE", "SIGNAL"}, packed))), "a.mat"),
      Fault::data, "a.mat: needs more than four times its size in memory; save it with save(file, '-v6')");
  const std::string bytes =
      m.text("TT") + m.integer(100, 1) +
      m.matrix(MviewComposer::kDoubleClass, {2000000, 1}, m.element(MviewComposer::kUint8, std::string(2000000, '\1')));
  EXPECT_EQ(parse_mview(m.file(m.structure("F01", {1, 1}, {"NAME", "SRATE", "SIGNAL"}, bytes)), "a.mat").size(), 1u);
}

}  // namespace
}  // namespace cutract
