#include <cstring>
#include <string>

#include "host/io/mat.h"
#include "host/io/npy.h"
#include "host/io/safetensors.h"
#include "tests/fuzz/parsers.h"
#include "tests/fuzz/scratch.h"

namespace cutract::fuzz {
namespace {

// NaN differs from itself, so values are compared as bytes.
bool same_bits(const Matrix& a, const Matrix& b) {
  return a.rows == b.rows && a.cols == b.cols && a.values.size() == b.values.size() &&
         (a.values.empty() || std::memcmp(a.values.data(), b.values.data(), a.values.size() * sizeof(float)) == 0);
}

void expect_whole(const Matrix& m) {
  expect(m.rows >= 0 && m.cols >= 0, "an extent is negative");
  expect(m.values.size() == static_cast<std::size_t>(m.rows * m.cols), "rows and columns do not match the values");
}

}  // namespace

void parse_npy(std::string_view bytes) {
  const Matrix m = decode_npy(bytes, "track.npy");
  expect_whole(m);
  const std::string again = encode_npy(m.view());
  expect(same_bits(decode_npy(again, "again.npy"), m), "the array differs after it was written and read again");
}

void parse_mat(std::string_view bytes) {
  const std::string path = write_scratch("track.mat", bytes);
  const Matrix only = read_mat(path, "");
  expect_whole(only);
  expect(only.values.size() <= bytes.size() + 2 * kMiB, "there are more values than the file can hold");
}

void parse_safetensors(std::string_view bytes) {
  const TensorFile file = decode_safetensors(bytes, "x.safetensors");
  for (const auto& [name, tensor] : file.tensors) expect(tensor.size() >= 0, "a tensor has a negative size");
  const std::string written = encode_safetensors(file);
  const TensorFile again = decode_safetensors(written, "again.safetensors");
  expect(again.metadata == file.metadata, "metadata differ after they were written and read again");
  expect(again.tensors.size() == file.tensors.size(), "the number of tensors differs after writing and reading");
  for (const auto& [name, tensor] : file.tensors) {
    const Tensor& other = again.at(name, "again.safetensors");
    expect(other.dtype == tensor.dtype && other.shape == tensor.shape && other.bytes == tensor.bytes,
           "a tensor differs after it was written and read again");
  }
  expect(encode_safetensors(again) == written, "equal content gives different bytes");
}

}  // namespace cutract::fuzz
