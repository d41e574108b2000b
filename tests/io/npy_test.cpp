#include "host/io/npy.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "host/core/error.h"
#include "host/io/atomic_file.h"
#include "tests/support/support.h"

namespace cutract {
namespace {

using test::TempFolder;

std::string u16(std::size_t n) { return {static_cast<char>(n & 255), static_cast<char>(n >> 8)}; }

std::string npy(const std::string& header, const std::string& data, char major = 1) {
  std::string out = "\x93NUMPY";
  out += major;
  out += '\0';
  return out + u16(header.size()) + (major > 1 ? std::string(2, '\0') : "") + header + data;
}
std::string npy(const char* descr, const char* order, const char* shape, const std::string& data, char major = 1) {
  return npy(std::string("{'descr': '") + descr + "', 'fortran_order': " + order + ", 'shape': " + shape + ", }\n",
             data, major);
}
template <class T>
std::string raw(std::initializer_list<T> values) {
  return {reinterpret_cast<const char*>(std::data(values)), values.size() * sizeof(T)};
}

TEST(Npy, RoundTrip) {
  Matrix m(3, 2);
  m.values = {1, -2.5f, std::nanf(""), INFINITY, 0, 1e-40f};
  const std::string bytes = encode_npy(m.view());
  EXPECT_EQ(bytes.size() % 64, 24u);  // data from a multiple of 64
  const Matrix back = decode_npy(bytes, "x");
  EXPECT_EQ(back.rows, 3);
  EXPECT_EQ(back.cols, 2);
  EXPECT_EQ(std::memcmp(back.values.data(), m.values.data(), 24), 0);
  EXPECT_EQ(encode_npy(back.view()), bytes);
  const TempFolder folder;
  EXPECT_EQ(read_npy(folder.write("a.npy", bytes)).values[1], -2.5f);
  EXPECT_FAULT(read_npy(folder / "b.npy"), Fault::io, "b.npy: cannot read");
  EXPECT_EQ(decode_npy(encode_npy(Matrix(0, 14).view()), "x").cols, 14);
}

TEST(Npy, ReadsEveryKindItPromises) {
  const std::vector<float> want = {1, 2, 3, 4, 5, -6};
  const struct {
    const char* name;
    std::string bytes;
  } cases[] = {
      {"f4", npy("<f4", "False", "(3, 2)", raw<float>({1, 2, 3, 4, 5, -6}))},
      {"f8", npy("<f8", "False", "(3, 2)", raw<double>({1, 2, 3, 4, 5, -6}))},
      {"i2", npy("<i2", "False", "(3, 2)", raw<std::int16_t>({1, 2, 3, 4, 5, -6}))},
      {"i4", npy("<i4", "False", "(3, 2)", raw<std::int32_t>({1, 2, 3, 4, 5, -6}))},
      {"i8", npy("<i8", "False", "(3, 2)", raw<std::int64_t>({1, 2, 3, 4, 5, -6}))},
      {"columns first", npy("<f4", "True", "(3, 2)", raw<float>({1, 3, 5, 2, 4, -6}))},
      {"format 2", npy("<f4", "False", "(3, 2)", raw<float>({1, 2, 3, 4, 5, -6}), 2)},
      {"format 3", npy("<f4", "False", "(3, 2)", raw<float>({1, 2, 3, 4, 5, -6}), 3)},
      {"other order of keys",
       npy("{\"shape\":(3,2),\"fortran_order\":False,\"descr\":\"<f4\"}", raw<float>({1, 2, 3, 4, 5, -6}))},
  };
  for (const auto& c : cases) {
    const Matrix m = decode_npy(c.bytes, c.name);
    EXPECT_EQ(m.rows, 3) << c.name;
    EXPECT_EQ(m.values, want) << c.name;
  }
  const Matrix column = decode_npy(npy("<f4", "True", "(3,)", raw<float>({1, 2, 3})), "x");
  EXPECT_EQ(column.rows, 3);
  EXPECT_EQ(column.cols, 1);
}

// Files that numpy wrote (tests/golden/make_npy.py): every kind of number, both orders, every format.
TEST(Npy, ReadsWhatNumpyWrites) {
  const std::vector<float> whole = {0, 1, 2, 3, 4, 100}, real = {0, 1.5f, -2, 0.25f, 4, 100};
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(test::source_file("tests/golden/npy"))) {
    const std::string name = entry.path().filename().string();
    const Matrix m = read_npy(entry.path().string());
    ++files;
    if (name == "one_axis.npy") {
      EXPECT_EQ(m.rows, 6);
      EXPECT_EQ(m.cols, 1);
    } else {
      EXPECT_EQ(m.rows, 3) << name;
      EXPECT_EQ(m.cols, 2) << name;
    }
    EXPECT_EQ(m.values, name.find('i') == 0 || name.find('u') == 0 ? whole : real) << name;
  }
  EXPECT_EQ(files, 28);
}

TEST(Npy, HalfPrecision) {
  const Matrix m =
      decode_npy(npy("<f2", "False", "(9,)",
                     raw<std::uint16_t>({0x3C00, 0xC000, 0x7BFF, 0x0001, 0x83FF, 0x7C00, 0xFC00, 0x3555, 0x8000})),
                 "x");
  const float third = 1365.0F / 4096.0F;
  EXPECT_EQ(m.values, (std::vector<float>{1, -2, 65504, 0x1p-24F, -1023 * 0x1p-24F, INFINITY, -INFINITY, third, 0}));
  EXPECT_TRUE(std::signbit(m.values[8]));
  EXPECT_TRUE(std::isnan(decode_npy(npy("<f2", "False", "(1,)", raw<std::uint16_t>({0x7E00})), "x").values[0]));
}

TEST(Npy, HeadersAsPythonLetsThemBe) {
  const std::string data = raw<float>({1, 2, 3, 4, 5, -6});
  for (const char* header : {"{'descr':'<f4','fortran_order':False,'shape':(3,2)}",
                             "{\"shape\": (3L, 2L), 'fortran_order': False, 'descr': '<f4'}",
                             "  { 'fortran_order' :\tFalse ,\n 'shape' : ( 3 , 2 , ) , 'descr' : '=f4' , }  \r\n",
                             "{'descr': 'f4', 'fortran_order': False, 'shape': (3, 2), }\n"}) {
    const Matrix m = decode_npy(npy(std::string(header), data), header);
    EXPECT_EQ(m.rows, 3) << header;
    EXPECT_EQ(m.values, (std::vector<float>{1, 2, 3, 4, 5, -6})) << header;
  }
}

TEST(Npy, MalformedFilesAreRefusedEachForItsOwnReason) {
  const std::string good = npy("<f4", "False", "(2,)", raw<float>({1, 2}));
  const std::string malformed = ".npy header is malformed", cut = ".npy header is cut off";
  const std::string real =
      ", expected real numbers (f2, f4, f8, i1 to i8, u1 to u8); save it with np.save(file, x.astype(\"float32\"))";
  const auto header = [](const char* text) { return npy(std::string(text), ""); };
  const struct {
    std::string bytes, why;
  } cases[] = {
      {"", "is not a .npy file; save the array with np.save"},
      {"\x93NUMPX\1\0\0\0", "is not a .npy file; save the array with np.save"},
      {good.substr(0, 9), "is not a .npy file; save the array with np.save"},
      {npy("<f4", "False", "(2,)", "", 4), ".npy format is 4.0, expected 1.0 to 3.0"},
      {npy("<f4", "False", "(2,)", "", '\xFF'), ".npy format is 255.0, expected 1.0 to 3.0"},
      {npy("<f4", "False", "(2,)", "", 0), ".npy format is 0.0, expected 1.0 to 3.0"},
      {npy("", "", 2).substr(0, 11), cut},
      {good.substr(0, 20), cut},
      {std::string("\x93NUMPY\2\0\xFF\xFF\xFF\xFF{}", 14), cut},
      {header(""), malformed},
      {header("{}"), malformed},
      {header("{'descr': '<f4', 'fortran_order': False}"), malformed},
      {header("{'descr': '<f4', 'shape': (2,)}"), malformed},
      {header("{'fortran_order': False, 'shape': (2,)}"), malformed},
      {header("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2,)}"), malformed},
      {header("{'descr': '<f4', 'fortran_order': 0, 'shape': (2,)}"), malformed},
      {header("{'descr': '<f4', 'fortran_order': False, 'shape': 2}"), malformed},
      {header("{'descr': '<f4', 'fortran_order': False, 'shape': (-2,)}"), malformed},
      {header("{'descr': '<f4', 'fortran_order': False, 'shape': (2.0,)}"), malformed},
      {header("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}"), malformed},
      {header("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)} x"), malformed},
      {header("{'descr': '<f4', 'fortran_order': False, 'shape': (2,"), malformed},
      {header("{'descr': '<f4"), malformed},
      {header("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,)}"),
       "holds records with named fields (dtype [('a', '<f4')]), expected one array of numbers; save it with "
       "np.save(file, x.astype(\"float32\"))"},
      {header("{'descr': [('a', '<f4'), 'fortran_order': False, 'shape': (2,)}"), malformed},
      {header("{'descr': '<f4', 'fortran_order': False, 'shape': (2)}"), malformed},
      {header("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'more': 'x'}"), malformed},
      {header("{'descr': '<f4' 'fortran_order': False, 'shape': (2,)}"), malformed},
      {npy("<f16", "False", "(1,)", "1234567890123456"), "dtype is <f16" + real},
      {"PK\3\4 and so on", "is a .npz archive, expected one array; save the array with np.save"},
      {"version https://git-lfs.github.com/spec/v1\n",
       "is a Git LFS pointer, not the file itself; run `git lfs pull` to fetch the file"},
      {npy("<c8", "False", "(1,)", "12345678"), "dtype is <c8" + real},
      {npy("|b1", "False", "(1,)", "1"), "dtype is |b1" + real},
      {npy("|O", "False", "(1,)", "1"),
       "holds Python objects, expected numbers; save it with np.save(file, x.astype(\"float32\"))"},
      {npy("<U3", "False", "(1,)", "1"), "dtype is <U3" + real},
      {npy("<f4", "False", "()", "1234"), "array has 0 axes, expected 2: [frames, channels]"},
      {npy("<f4", "False", "(1, 1, 1)", "1234"), "array has 3 axes, expected 2: [frames, channels]"},
      {npy("<f4", "False", "(2,)", "1234567"), "array of shape [2, 1] and dtype <f4 does not fit its 7 bytes of data"},
      {npy("<f4", "False", "(2,)", "123456789"),
       "array of shape [2, 1] and dtype <f4 does not fit its 9 bytes of data"},
      {npy("<f4", "False", "(2, 3)", ""), "array of shape [2, 3] and dtype <f4 does not fit its 0 bytes of data"},
      {npy("<f4", "False", "(4294967296, 4294967296)", ""),
       "array of shape [4294967296, 4294967296] and dtype <f4 does not fit its 0 bytes of data"},
      {npy("<f4", "False", "(4611686018427387905,)", "1234"),
       "array of shape [4611686018427387905, 1] and dtype <f4 does not fit its 4 bytes of data"},
      {npy("<f4", "False", "(0, 18446744073709551615)", ""),
       "array of shape [0, 18446744073709551615] and dtype <f4 does not fit its 0 bytes of data"},
      {npy("<f4", "False", "(18446744073709551615, 0)", ""),
       "array of shape [18446744073709551615, 0] and dtype <f4 does not fit its 0 bytes of data"},
  };
  for (const auto& c : cases) {
    const Error e = test::thrown_by([&] { decode_npy(c.bytes, "a.npy"); });
    EXPECT_EQ(e.fault(), Fault::data);
    EXPECT_EQ(std::string(e.what()), "a.npy: " + c.why);
  }
  EXPECT_GE(std::size(cases), 40u);
  for (std::size_t n = 0; n < good.size(); ++n)
    EXPECT_EQ(test::thrown_by([&] { decode_npy(good.substr(0, n), "x"); }).fault(), Fault::data) << n;
}

TEST(Npy, DamagedBytesNeverConfuse) {
  const std::string good = npy("<f4", "False", "(2, 2)", raw<float>({1, 2, 3, 4}));
  for (std::size_t i = 0; i < good.size(); ++i)
    for (int bit = 0; bit < 8; ++bit) {
      std::string bad = good;
      bad[i] = static_cast<char>(bad[i] ^ (1 << bit));
      try {
        EXPECT_LE(decode_npy(bad, "x").values.size(), 8u);
      } catch (const Error& e) { EXPECT_EQ(e.fault(), Fault::data); }
    }
}

std::vector<std::pair<std::string, NpzValue>> archive(const Matrix& m) {
  return {{"x", m.view()},
          {"times", std::vector<double>{0, 0.01, 0.02}},
          {"names", std::vector<std::string>{"tt_x", "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80", ""}},
          {"\xC3\xA9", std::vector<std::string>{}}};
}

// Unpacks the first entry by zlib, from the layout in the zip specification.
TEST(Npz, EntryIsDeflatedNpy) {
  Matrix m(100, 14);
  for (std::size_t i = 0; i < m.values.size(); ++i) m.values[i] = static_cast<float>(i % 7);
  const std::string zip = encode_npz(archive(m));
  ASSERT_EQ(zip.substr(0, 4), std::string("PK\3\4"));
  std::uint32_t crc, packed, size;
  std::uint16_t name;
  std::memcpy(&crc, &zip[14], 4);
  std::memcpy(&packed, &zip[18], 4);
  std::memcpy(&size, &zip[22], 4);
  std::memcpy(&name, &zip[26], 2);
  EXPECT_EQ(zip.substr(30, name), "x.npy");
  std::string plain(size, '\0');
  z_stream z{};
  ASSERT_EQ(inflateInit2(&z, -15), Z_OK);
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(&zip[30 + name]));
  z.avail_in = packed;
  z.next_out = reinterpret_cast<Bytef*>(plain.data());
  z.avail_out = size;
  EXPECT_EQ(inflate(&z, Z_FINISH), Z_STREAM_END);
  inflateEnd(&z);
  EXPECT_EQ(plain, encode_npy(m.view()));
  EXPECT_EQ(crc, crc32(0, reinterpret_cast<const Bytef*>(plain.data()), size));
  EXPECT_EQ(encode_npz(archive(m)), zip);
}

TEST(Npz, NumpyReadsIt) {
  if (std::system("/usr/bin/python3 -c 'import numpy' 2> /dev/null") != 0)
    GTEST_SKIP() << "/usr/bin/python3 has no numpy; the archive was not read back by it";
  const TempFolder folder;
  Matrix m(2, 3);
  m.values = {1, 2, 3, 4, 5, 6.5f};
  const std::string path = folder.write("a.npz", encode_npz(archive(m)));
  folder.write("a.npy", encode_npy(m.view()));
  const std::string script = folder.write("check.py", R"py(
import sys, zipfile
import numpy as np
assert zipfile.ZipFile(sys.argv[1]).testzip() is None
a = np.load(sys.argv[1], allow_pickle=False)
assert a.files == ["x", "times", "names", "\u00e9"], a.files
assert a["x"].dtype == np.float32 and a["x"].tolist() == [[1, 2, 3], [4, 5, 6.5]], a["x"]
assert a["times"].dtype == np.float64 and a["times"].tolist() == [0, 0.01, 0.02], a["times"]
assert a["names"].dtype.kind == "U" and a["names"].tolist() == ["tt_x", "\u00e4\u20ac\U0001f600", ""], a["names"]
assert a["\u00e9"].shape == (0,)
assert np.array_equal(np.load(sys.argv[1][:-1] + "y"), a["x"])
)py");
  EXPECT_EQ(std::system(("/usr/bin/python3 " + script + " " + path).c_str()), 0);
}

}  // namespace
}  // namespace cutract
