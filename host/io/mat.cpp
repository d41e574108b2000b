#include "host/io/mat.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <matio.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "host/core/error.h"
#include "host/io/atomic_file.h"

namespace cutract {
namespace {

struct MatCloser {
  void operator()(mat_t* m) const { Mat_Close(m); }
};
struct VarFreer {
  void operator()(matvar_t* v) const { Mat_VarFree(v); }
};
using Var = std::unique_ptr<matvar_t, VarFreer>;

// MATLAB keeps columns together; a Matrix keeps rows together.
template <class T>
Matrix transposed(const matvar_t& v) {
  Matrix m(static_cast<Index>(v.dims[0]), static_cast<Index>(v.dims[1]));
  const T* from = static_cast<const T*>(v.data);
  for (Index c = 0; c < m.cols; ++c)
    for (Index r = 0; r < m.rows; ++r) m.row(r)[c] = static_cast<float>(*from++);
  return m;
}

bool holds_its_shape(const matvar_t& v) {
  if (v.data_size <= 0 || v.dims[0] == 0 || v.dims[1] == 0) return v.dims[0] == 0 || v.dims[1] == 0;
  const std::size_t have = v.nbytes / static_cast<std::size_t>(v.data_size);
  return v.data != nullptr && v.dims[0] <= have / v.dims[1] && v.dims[0] * v.dims[1] == have;
}

Matrix matrix_of(const matvar_t& v, const std::string& path) {
  const auto refuse = [&](const char* why) {
    fail(Fault::data, fmt::format("{}: variable \"{}\" {}", path, v.name, why));
  };
  if (v.rank != 2 || v.dims == nullptr) refuse("is no matrix of two axes");
  if (v.isComplex) refuse("is complex, expected real numbers");
  switch (v.class_type) {
    case MAT_C_DOUBLE:
    case MAT_C_SINGLE:
    case MAT_C_INT8:
    case MAT_C_UINT8:
    case MAT_C_INT16:
    case MAT_C_UINT16:
    case MAT_C_INT32:
    case MAT_C_UINT32:
      break;
    default:
      refuse("is no numeric matrix");
  }
  if (v.isLogical) refuse("is no numeric matrix");
  if (!holds_its_shape(v)) refuse("is damaged: its data do not fit its shape");
  if (v.nbytes == 0) return Matrix(static_cast<Index>(v.dims[0]), static_cast<Index>(v.dims[1]));
  switch (v.data_type) {
    case MAT_T_DOUBLE:
      return transposed<double>(v);
    case MAT_T_SINGLE:
      return transposed<float>(v);
    case MAT_T_INT8:
      return transposed<std::int8_t>(v);
    case MAT_T_UINT8:
      return transposed<std::uint8_t>(v);
    case MAT_T_INT16:
      return transposed<std::int16_t>(v);
    case MAT_T_UINT16:
      return transposed<std::uint16_t>(v);
    case MAT_T_INT32:
      return transposed<std::int32_t>(v);
    case MAT_T_UINT32:
      return transposed<std::uint32_t>(v);
    default:
      refuse("is no numeric matrix");
  }
  return {};
}

// The name to read: what was asked for, or the only one there is.
std::string chosen(mat_t* file, const std::string& path, const std::string& variable) {
  std::vector<std::string> names;
  while (const Var v{Mat_VarReadNextInfo(file)}) names.emplace_back(v->name ? v->name : "");
  Mat_Rewind(file);
  const std::string there = names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "));
  if (variable.empty()) {
    if (names.size() != 1) fail(Fault::data, fmt::format("{}: expected one variable, there are: {}", path, there));
    return names.front();
  }
  for (const auto& n : names)
    if (n == variable) return n;
  fail(Fault::data, fmt::format("{}: has no variable \"{}\", there are: {}", path, variable, there));
}

}  // namespace

Matrix read_mat(const std::string& path, const std::string& variable) {
  (void)read_file(path);  // throws Error{io} with the reason, which libmatio does not tell
  const std::unique_ptr<mat_t, MatCloser> file(Mat_Open(path.c_str(), MAT_ACC_RDONLY));
  if (!file) fail(Fault::data, fmt::format("{}: is no MATLAB file of version 5 or 7.3", path));
  const std::string name = chosen(file.get(), path, variable);
  const Var v(Mat_VarRead(file.get(), name.c_str()));
  if (!v) fail(Fault::data, fmt::format("{}: variable \"{}\" cannot be read; the file is damaged", path, name));
  return matrix_of(*v, path);
}

}  // namespace cutract
