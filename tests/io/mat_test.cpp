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

TEST(Mat, ReadsBothVersionsAndEveryNumber) {
  const TempFolder folder;
  for (const mat_ft version : {MAT_FT_MAT5, MAT_FT_MAT73}) {
    const std::string path = folder / "a.mat";
    {
      Writer w(path, version);
      w.add("d", MAT_C_DOUBLE, MAT_T_DOUBLE, {3, 2}, kColumns);
      w.add("s", MAT_C_SINGLE, MAT_T_SINGLE, {3, 2}, std::vector<float>(kColumns.begin(), kColumns.end()));
      w.add("i", MAT_C_INT16, MAT_T_INT16, {3, 2}, std::vector<std::int16_t>(kColumns.begin(), kColumns.end()));
      w.add("u", MAT_C_UINT8, MAT_T_UINT8, {3, 2}, std::vector<std::uint8_t>(kColumns.begin(), kColumns.end()));
      w.add("l", MAT_C_INT32, MAT_T_INT32, {3, 2}, std::vector<std::int32_t>(kColumns.begin(), kColumns.end()));
    }
    for (const char* name : {"d", "s", "i", "u", "l"}) {
      const Matrix m = read_mat(path, name);
      EXPECT_EQ(m.rows, 3) << name;
      EXPECT_EQ(m.cols, 2) << name;
      EXPECT_EQ(m.values, kRows) << name;
    }
  }
}

TEST(Mat, TheOnlyVariableNeedsNoName) {
  const TempFolder folder;
  const std::string path = folder / "a.mat";
  { Writer(path, MAT_FT_MAT5).add("CXYNE01", MAT_C_DOUBLE, MAT_T_DOUBLE, {3, 2}, kColumns); }
  EXPECT_EQ(read_mat(path, "").values, kRows);
  EXPECT_FAULT(read_mat(path, "other"), Fault::data, path + ": has no variable \"other\", there are: CXYNE01");
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
  EXPECT_FAULT(read_mat(path, ""), Fault::data, path + ": expected one variable, there are: cube, text, z");
  EXPECT_FAULT(read_mat(path, "cube"), Fault::data, path + ": variable \"cube\" is no matrix of two axes");
  EXPECT_FAULT(read_mat(path, "text"), Fault::data, path + ": variable \"text\" is no numeric matrix");
  EXPECT_FAULT(read_mat(path, "z"), Fault::data, path + ": variable \"z\" is complex, expected real numbers");
  EXPECT_FAULT(read_mat(folder / "b.mat", ""), Fault::io, "b.mat: cannot read: No such file or directory");
  EXPECT_FAULT(read_mat(folder.write("c.mat", "this is not MATLAB"), ""), Fault::data,
               "c.mat: is no MATLAB file of version 5 or 7.3");
  EXPECT_FAULT(read_mat(folder.write("d.mat", ""), ""), Fault::data, "d.mat: is no MATLAB file of version 5 or 7.3");
}

// Wherever the file ends. libmatio alone would make zeros of what is missing.
TEST(Mat, CutFilesAreRefused) {
  const TempFolder folder;
  for (const auto& [version, packing] : {std::pair{MAT_FT_MAT5, MAT_COMPRESSION_ZLIB},
                                         {MAT_FT_MAT5, MAT_COMPRESSION_NONE},
                                         {MAT_FT_MAT73, MAT_COMPRESSION_NONE}}) {
    const std::string path = folder / "a.mat";
    { Writer(path, version).add("x", MAT_C_DOUBLE, MAT_T_DOUBLE, {3, 2}, kColumns, packing); }
    EXPECT_EQ(read_mat(path, "x").values, kRows);
    const std::string good = read_file(path);
    for (std::size_t n = 0; n < good.size(); n += version == MAT_FT_MAT5 ? 1 : 97) {
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
  z.next_in = reinterpret_cast<Bytef*>(plain.data()), z.avail_in = static_cast<uInt>(size);
  z.next_out = reinterpret_cast<Bytef*>(packed.data()), z.avail_out = static_cast<uInt>(packed.size());
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

// The data are compressed, so their checksum finds every changed bit, but for a few that inflate to the same.
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
