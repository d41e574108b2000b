#include "host/io/mat.h"

#include <gtest/gtest.h>
#include <matio.h>
#include <zlib.h>

#include "host/core/error.h"
#include "host/io/atomic_file.h"
#include "tests/support/support.h"

namespace cutract {
namespace {

using test::TempFolder;

// A MATLAB file made by libmatio itself.
class Writer {
 public:
  Writer(const std::string& path, mat_ft version) : file_(Mat_CreateVer(path.c_str(), nullptr, version)) {}
  ~Writer() { Mat_Close(file_); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  template <class T>
  void add(const char* name, matio_classes kind, matio_types type, std::vector<std::size_t> dims, std::vector<T> values,
           matio_compression packing = MAT_COMPRESSION_ZLIB) {
    matvar_t* v = Mat_VarCreate(name, kind, type, static_cast<int>(dims.size()), dims.data(), values.data(), 0);
    EXPECT_EQ(Mat_VarWrite(file_, v, packing), 0);
    Mat_VarFree(v);
  }
  void add_complex(const char* name) {
    double re = 1, im = 2;
    mat_complex_split_t z{&re, &im};
    std::size_t dims[] = {1, 1};
    matvar_t* v = Mat_VarCreate(name, MAT_C_DOUBLE, MAT_T_DOUBLE, 2, dims, &z, MAT_F_COMPLEX);
    EXPECT_EQ(Mat_VarWrite(file_, v, MAT_COMPRESSION_NONE), 0);
    Mat_VarFree(v);
  }

 private:
  mat_t* file_;
};

// 3 rows and 2 columns, columns together as MATLAB has them: row t is (t + 1, 10 (t + 1)).
const std::vector<double> kColumns = {1, 2, 3, 10, 20, 30};
const std::vector<float> kRows = {1, 10, 2, 20, 3, 30};

TEST(Mat, ReadsEveryNumberPackedOrNot) {
  const TempFolder folder;
  for (const matio_compression packing : {MAT_COMPRESSION_ZLIB, MAT_COMPRESSION_NONE}) {
    const std::string path = folder / "a.mat";
    {
      Writer w(path, MAT_FT_MAT5);
      const auto all = [&]<class T>(T, const char* name, matio_classes kind, matio_types type) {
        w.add(name, kind, type, {3, 2}, std::vector<T>(kColumns.begin(), kColumns.end()), packing);
      };
      all(double{}, "d", MAT_C_DOUBLE, MAT_T_DOUBLE);
      all(float{}, "s", MAT_C_SINGLE, MAT_T_SINGLE);
      all(std::int8_t{}, "i8", MAT_C_INT8, MAT_T_INT8);
      all(std::uint8_t{}, "u8", MAT_C_UINT8, MAT_T_UINT8);
      all(std::int16_t{}, "i16", MAT_C_INT16, MAT_T_INT16);
      all(std::uint16_t{}, "u16", MAT_C_UINT16, MAT_T_UINT16);
      all(std::int32_t{}, "i32", MAT_C_INT32, MAT_T_INT32);
      all(std::uint32_t{}, "u32", MAT_C_UINT32, MAT_T_UINT32);
      all(std::int64_t{}, "i64", MAT_C_INT64, MAT_T_INT64);
      all(std::uint64_t{}, "u64", MAT_C_UINT64, MAT_T_UINT64);
    }
    for (const char* name : {"d", "s", "i8", "u8", "i16", "u16", "i32", "u32", "i64", "u64"}) {
      const Matrix m = read_mat(path, name);
      EXPECT_EQ(m.rows, 3) << name;
      EXPECT_EQ(m.cols, 2) << name;
      EXPECT_EQ(m.values, kRows) << name;
    }
  }
}

// Bytes as MATLAB writes them: numbers in the smallest type that holds them, in either byte order.
std::string words(bool little, std::initializer_list<std::uint32_t> values) {
  std::string out;
  for (const std::uint32_t v : values)
    for (int i = 0; i < 4; ++i) out += static_cast<char>(v >> 8 * (little ? i : 3 - i));
  return out;
}
std::string mat5(bool little, const std::string& variable) {
  std::string head(124, ' ');
  head += little ? std::string("\0\1IM", 4) : std::string("\1\0MI", 4);
  return head + words(little, {14, static_cast<std::uint32_t>(variable.size())}) + variable;
}
// A double matrix `x` of 3 x 2 stored as uint8, with these sizes.
std::string bytes_of_x(bool little, std::uint32_t rows, std::uint32_t cols, std::uint32_t stored) {
  return words(little, {6, 8, 6, 0}) + words(little, {5, 8, rows, cols}) + words(little, {1 << 16 | 1}) +
         std::string("x\0\0\0", 4) + words(little, {2, stored}) + std::string("\1\2\3\n\x14\x1E\0\0", 8);
}

TEST(Mat, ReadsTheSmallestTypeInEitherByteOrder) {
  const TempFolder folder;
  for (const bool little : {true, false}) {
    const Matrix m = read_mat(folder.write("a.mat", mat5(little, bytes_of_x(little, 3, 2, 6))), "");
    EXPECT_EQ(m.rows, 3);
    EXPECT_EQ(m.values, kRows);
  }
}

// Damage must never become data: missing values must not become zeros, and announced sizes must not allocate memory.
TEST(Mat, SizesThatDoNotAgreeAreRefused) {
  const TempFolder folder;
  const std::pair<std::uint32_t, std::uint32_t> shapes[] = {
      {5, 2},          {3, 1},          {2, 2},         {6, 2},          {0x7FFFFFFF, 2},         {0x10000000, 8},
      {0xFFFFFFFF, 2}, {3, 0xFFFFFFFE}, {46341, 46341}, {0x40000003, 2}, {0xFFFFFFFD, 0xFFFFFFFE}};
  for (const auto& [rows, cols] : shapes) {
    const std::string file = folder.write("a.mat", mat5(true, bytes_of_x(true, rows, cols, 6)));
    EXPECT_FAULT(read_mat(file, "x"), Fault::data, "a.mat: is cut off or damaged");
  }
  for (const std::uint32_t stored : {0U, 5U, 7U, 8U, 9U, 0x7FFFFFFFU, 0xFFFFFFFFU}) {
    const std::string file = folder.write("a.mat", mat5(true, bytes_of_x(true, 3, 2, stored)));
    EXPECT_FAULT(read_mat(file, ""), Fault::data, "a.mat: is cut off or damaged");
  }
  // A stream that announces two gigabytes and holds a few bytes.
  std::string plain = words(true, {14, 0x7FFFFFF0}) + bytes_of_x(true, 0x7FFFFFF0 / 16, 2, 0x7FFFFF00), packed(4096, 0);
  uLongf size = packed.size();
  ASSERT_EQ(compress(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(plain.data()),
                     plain.size()),
            Z_OK);
  packed.resize(size);
  const std::string head = mat5(true, "").substr(0, 128);
  const std::string file =
      folder.write("a.mat", head + words(true, {15, static_cast<std::uint32_t>(packed.size())}) + packed);
  EXPECT_FAULT(read_mat(file, ""), Fault::data, "a.mat: is cut off or damaged");
}

// Flips any bit of the structure: changed sizes and types may give other numbers only if the sizes still agree.
TEST(Mat, FlippedBitsOfTheStructureNeverInventData) {
  const TempFolder folder;
  const std::string good = mat5(true, bytes_of_x(true, 3, 2, 6));
  for (std::size_t i = 124; i < good.size(); ++i)
    for (int bit = 0; bit < 8; ++bit) {
      std::string bad = good;
      bad[i] = static_cast<char>(bad[i] ^ (1 << bit));
      try {
        const Matrix m = read_mat(folder.write("b.mat", bad), "");
        EXPECT_TRUE(m.values.size() <= 6) << i << " " << bit;  // 0 by 2 has no data, and none may be invented
      } catch (const Error& e) { EXPECT_EQ(e.fault(), Fault::data) << e.what(); }
    }
}

TEST(Mat, Version73IsRefusedWithTheWayOut) {
  const TempFolder folder;
  const std::string words =
      ": is a MATLAB 7.3 (HDF5) file, which is not read; load it in MATLAB and save it again with save(file, '-v7')";
  std::string head(124, ' ');
  head += std::string("\0\2IM", 4);
  EXPECT_FAULT(read_mat(folder.write("a.mat", head + std::string(400, '\0')), "x"), Fault::data, "a.mat" + words);
  EXPECT_FAULT(read_mat(folder.write("b.mat", "\x89HDF\r\n\x1A\n and more"), "x"), Fault::data, "b.mat" + words);
}

TEST(Mat, TheOnlyVariableNeedsNoName) {
  const TempFolder folder;
  const std::string path = folder / "a.mat";
  { Writer(path, MAT_FT_MAT5).add("CXYNE01", MAT_C_DOUBLE, MAT_T_DOUBLE, {3, 2}, kColumns); }
  EXPECT_EQ(read_mat(path, "").values, kRows);
  EXPECT_FAULT(read_mat(path, "other"), Fault::data, path + ": has no variable \"other\"; it has: CXYNE01");
}

TEST(Mat, WhatIsNoMatrixIsRefused) {
  const TempFolder folder;
  const std::string path = folder / "a.mat";
  {
    Writer w(path, MAT_FT_MAT5);
    w.add("cube", MAT_C_DOUBLE, MAT_T_DOUBLE, {1, 2, 3}, kColumns);
    w.add("text", MAT_C_CHAR, MAT_T_UINT8, {1, 2}, std::vector<std::uint8_t>{'a', 'b'});
    w.add_complex("z");
  }
  EXPECT_FAULT(read_mat(path, ""), Fault::data, path + ": expected a single variable, but it has: cube, text, z");
  EXPECT_FAULT(read_mat(path, "cube"), Fault::data, path + ": variable \"cube\" is not a matrix with two axes");
  EXPECT_FAULT(read_mat(path, "text"), Fault::data, path + ": variable \"text\" is not a numeric matrix");
  EXPECT_FAULT(read_mat(path, "z"), Fault::data, path + ": variable \"z\" is complex, expected real numbers");
  EXPECT_FAULT(read_mat(folder / "b.mat", ""), Fault::io, "b.mat: cannot read: No such file or directory");
  EXPECT_FAULT(read_mat(folder.write("c.mat", "this is not MATLAB"), ""), Fault::data,
               "c.mat: is not a MATLAB 5 file; save it with save(file, '-v7')");
  EXPECT_FAULT(read_mat(folder.write("d.mat", ""), ""), Fault::data, "d.mat: is not a MATLAB 5 file");
}

// The file may be cut anywhere.
TEST(Mat, CutFilesAreRefused) {
  const TempFolder folder;
  for (const matio_compression packing : {MAT_COMPRESSION_ZLIB, MAT_COMPRESSION_NONE}) {
    const std::string path = folder / "a.mat";
    { Writer(path, MAT_FT_MAT5).add("x", MAT_C_DOUBLE, MAT_T_DOUBLE, {3, 2}, kColumns, packing); }
    EXPECT_EQ(read_mat(path, "x").values, kRows);
    const std::string good = read_file(path);
    for (std::size_t n = 0; n < good.size(); ++n) {
      const std::string cut = folder.write("cut.mat", good.substr(0, n));
      EXPECT_EQ(test::thrown_by([&] { read_mat(cut, "x"); }).fault(), Fault::data) << n << " of " << good.size();
    }
  }
}

// MATLAB ends the zlib stream without its checksum if the data fill its buffer exactly; such files are whole.
TEST(Mat, StreamWithoutChecksumIsRead) {
  const TempFolder folder;
  const std::string path = folder / "a.mat";
  { Writer(path, MAT_FT_MAT5).add("x", MAT_C_DOUBLE, MAT_T_DOUBLE, {3, 2}, kColumns); }
  const std::string good = read_file(path);
  std::string plain(4096, '\0'), packed(4096, '\0');
  uLongf size = plain.size();
  ASSERT_EQ(uncompress(reinterpret_cast<Bytef*>(plain.data()), &size, reinterpret_cast<const Bytef*>(&good[136]),
                       good.size() - 136),
            Z_OK);
  z_stream z{};
  ASSERT_EQ(deflateInit(&z, 3), Z_OK);
  z.next_in = reinterpret_cast<Bytef*>(plain.data());
  z.avail_in = static_cast<uInt>(size);
  z.next_out = reinterpret_cast<Bytef*>(packed.data());
  z.avail_out = static_cast<uInt>(packed.size());
  ASSERT_EQ(deflate(&z, Z_SYNC_FLUSH), Z_OK);
  packed.resize(z.total_out);
  deflateEnd(&z);
  const auto element = [&](const std::string& stream) {
    const auto n = static_cast<std::uint32_t>(stream.size());
    return good.substr(0, 132) + std::string(reinterpret_cast<const char*>(&n), 4) + stream;
  };
  EXPECT_EQ(read_mat(folder.write("open.mat", element(packed)), "x").values, kRows);
  EXPECT_FAULT(read_mat(folder.write("cut.mat", element(packed.substr(0, packed.size() - 8))), "x"), Fault::data,
               "cut.mat: is cut off or damaged");
}

// The data are compressed, so their checksum finds every changed bit, except for a few that inflate to the same data.
TEST(Mat, DamagedBytesAreRefused) {
  const TempFolder folder;
  const std::string path = folder / "a.mat";
  { Writer(path, MAT_FT_MAT5).add("x", MAT_C_DOUBLE, MAT_T_DOUBLE, {3, 2}, kColumns); }
  const std::string good = read_file(path);
  int same = 0;
  for (std::size_t i = 128; i < good.size(); ++i)
    for (int bit = 0; bit < 8; ++bit) {
      std::string bad = good;
      bad[i] = static_cast<char>(bad[i] ^ (1 << bit));
      const std::string file = folder.write("bad.mat", bad);
      try {
        EXPECT_EQ(read_mat(file, "x").values, kRows) << i << " " << bit;
        ++same;
      } catch (const Error& e) { EXPECT_EQ(e.fault(), Fault::data) << e.what(); }
    }
  EXPECT_LT(same, 40);
}

}  // namespace
}  // namespace cutract
