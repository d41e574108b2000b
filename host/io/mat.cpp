#include "host/io/mat.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <hdf5.h>
#include <matio.h>
#include <zlib.h>

#include <cstdint>
#include <memory>
#include <string_view>
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

std::uint32_t number(std::string_view bytes, std::size_t at, std::size_t count, bool little) {
  std::uint32_t v = 0;
  for (std::size_t i = 0; i < count; ++i)
    v = v << 8 | static_cast<unsigned char>(bytes[at + (little ? count - 1 - i : i)]);
  return v;
}

// Whether a compressed element inflates to as many bytes as it says. Its checksum is verified where there is one:
// MATLAB leaves it out if the data fill its buffer exactly.
bool is_intact(std::string_view packed, bool little) {
  z_stream z{};
  if (inflateInit(&z) != Z_OK) fail(Fault::memory, "zlib could not start");
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  z.avail_in = static_cast<uInt>(packed.size());
  std::vector<char> room(65536);
  std::uint64_t announced = 0;
  int result = Z_OK;
  while (result == Z_OK) {
    z.next_out = reinterpret_cast<Bytef*>(room.data()), z.avail_out = static_cast<uInt>(room.size());
    const bool first = z.total_out == 0;
    result = inflate(&z, Z_NO_FLUSH);
    if (first && z.total_out >= 8) announced = 8 + std::uint64_t{number({room.data(), 8}, 4, 4, little)};
  }
  const bool ended = result == Z_STREAM_END || result == Z_BUF_ERROR;  // the latter: no more input
  const bool intact = ended && z.avail_in == 0 && z.total_out == announced;
  inflateEnd(&z);
  return intact;
}

// libmatio takes what is left of a cut-off or damaged file for the whole and fills it up with zeros. So the elements of
// version 5 are walked here: they must end where the file does, and compressed ones must inflate to what they say.
// Version 7.3 is HDF5, which knows its own length.
void check_container(std::string_view bytes, const std::string& path) {
  constexpr std::size_t kHeader = 128, kVersion = 124, kTag = 8;
  constexpr std::uint32_t kMatrix = 14, kCompressed = 15;
  const auto none = [&] { fail(Fault::data, fmt::format("{}: is no MATLAB file of version 5 or 7.3", path)); };
  const auto damaged = [&] { fail(Fault::data, path + ": is cut off or damaged"); };
  if (bytes.size() < kHeader) none();
  const bool little = bytes.substr(126, 2) == "IM";
  if (!little && bytes.substr(126, 2) != "MI") none();
  const std::uint32_t version = number(bytes, kVersion, 2, little);
  if (version == 0x200) return;
  if (version != 0x100) none();
  for (std::size_t at = kHeader; at < bytes.size();) {
    if (bytes.size() - at < kTag) damaged();
    const std::uint32_t kind = number(bytes, at, 4, little), size = number(bytes, at + 4, 4, little);
    at += kTag;
    if ((kind != kMatrix && kind != kCompressed) || size > bytes.size() - at) damaged();
    if (kind == kCompressed && !is_intact(bytes.substr(at, size), little)) damaged();
    at += size;
  }
}

// HDF5 writes its errors to stderr unless it is told not to.
class QuietHdf5 {
 public:
  QuietHdf5() {
    H5Eget_auto2(H5E_DEFAULT, &print_, &data_);
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  }
  ~QuietHdf5() { H5Eset_auto2(H5E_DEFAULT, print_, data_); }
  QuietHdf5(const QuietHdf5&) = delete;
  QuietHdf5& operator=(const QuietHdf5&) = delete;

 private:
  H5E_auto2_t print_ = nullptr;
  void* data_ = nullptr;
};

}  // namespace

Matrix read_mat(const std::string& path, const std::string& variable) {
  check_container(read_file(path), path);
  const QuietHdf5 quiet;
  const std::unique_ptr<mat_t, MatCloser> file(Mat_Open(path.c_str(), MAT_ACC_RDONLY));
  if (!file) fail(Fault::data, fmt::format("{}: is no MATLAB file of version 5 or 7.3", path));
  const std::string name = chosen(file.get(), path, variable);
  const Var v(Mat_VarRead(file.get(), name.c_str()));
  if (!v) fail(Fault::data, fmt::format("{}: variable \"{}\" cannot be read; the file is damaged", path, name));
  return matrix_of(*v, path);
}

}  // namespace cutract
