#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/core/view.h"

namespace cutract {

enum class DType { f32, f64, i32, i64, u8 };

struct Tensor {
  DType dtype = DType::f32;
  std::vector<Index> shape;
  std::string bytes;  // little-endian, row-major

  Index size() const;  // elements
  static Tensor f32(std::vector<Index> shape, std::span<const float> values);
  static Tensor f64(std::vector<Index> shape, std::span<const double> values);
  static Tensor i64(std::vector<Index> shape, std::span<const std::int64_t> values);
  std::vector<float> as_f32() const;         // Fault::data unless the dtype is f32
  std::vector<double> as_f64() const;        // f32 or f64
  std::vector<std::int64_t> as_i64() const;  // i32 or i64
};

// The safetensors format: an 8-byte header length, a JSON header, then one buffer that the tensors tile without gaps or
// overlaps. NaN is allowed. Keys are written sorted by (alignment, name), so equal content gives equal bytes.
struct TensorFile {
  std::map<std::string, Tensor> tensors;
  std::map<std::string, std::string> metadata;

  const Tensor& at(const std::string& name, const std::string& origin) const;  // Error{data} naming origin and tensor
};
std::string encode_safetensors(const TensorFile&);
TensorFile decode_safetensors(std::string_view bytes, const std::string& origin);  // Error{data} for any malformed file

}  // namespace cutract
