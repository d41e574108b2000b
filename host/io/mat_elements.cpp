#include "host/io/mat_elements.h"

#include <zlib.h>

#include <algorithm>

namespace cutract {
namespace {

constexpr std::uint32_t kInt8 = 1, kInt32 = 5, kUint32 = 6, kCompressed = 15;  // types of elements
constexpr std::size_t kMostAxes = 32, kLongestName = 256;  // MATLAB's own names have at most 63 bytes

// Inflates into `out` piece by piece, or only counts, and stops after more than `most` bytes. A stream may lack its
// checksum: MATLAB omits it if the data fill its buffer exactly. Returns the number of bytes inflated, or 0 if the
// stream is damaged or does not end with its input.
std::uint64_t inflated_size(std::string_view packed, std::uint64_t most, std::string* out) {
  z_stream z{};
  if (inflateInit(&z) != Z_OK) fail(Fault::memory, "zlib could not start");
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  z.avail_in = static_cast<uInt>(packed.size());
  std::vector<char> room(65536);
  int result = Z_OK;
  while (result == Z_OK && z.total_out <= most) {
    z.next_out = reinterpret_cast<Bytef*>(room.data());
    z.avail_out = static_cast<uInt>(room.size());
    result = inflate(&z, Z_NO_FLUSH);
    if (out) out->append(room.data(), room.size() - z.avail_out);
  }
  const bool intact =
      (result == Z_STREAM_END || result == Z_BUF_ERROR) && z.avail_in == 0;  // the latter: no more input
  const std::uint64_t size = z.total_out;
  inflateEnd(&z);
  return intact || size > most ? size : 0;
}

// MATLAB stores matrices by column; Matrix stores them by row.
template <class T>
Matrix transposed(const MatVariable& v, bool little) {
  const auto rows = static_cast<std::uint64_t>(v.dims[0]), cols = static_cast<std::uint64_t>(v.dims[1]);
  if (v.real.data.size() % sizeof(T) != 0 || rows * cols != v.real.data.size() / sizeof(T)) throw MatDamaged{};
  Matrix m(v.dims[0], v.dims[1]);
  std::size_t at = 0;
  for (Index c = 0; c < m.cols; ++c)
    for (Index r = 0; r < m.rows; ++r) {
      m.row(r)[c] = static_cast<float>(mat_number<T>(v.real.data, at, little));
      at += sizeof(T);
    }
  return m;
}

}  // namespace

MatElement MatElements::inner() {
  const auto first = mat_number<std::uint32_t>(rest_, 0, little_);
  if (first >> 16 != 0) {
    const std::size_t size = first >> 16;
    if (size > 4) throw MatDamaged{};
    const MatElement small{first & 0xFFFF, take(8).substr(4, size)};
    return small;
  }
  const std::size_t size = mat_number<std::uint32_t>(rest_, 4, little_);
  take(8);
  const MatElement e{first, take(size)};
  take(std::min((8 - size % 8) % 8, rest_.size()));
  return e;
}

MatElement MatElements::outer() {
  const auto type = mat_number<std::uint32_t>(rest_, 0, little_);
  const std::size_t size = mat_number<std::uint32_t>(rest_, 4, little_);
  take(8);
  return {type, take(size)};
}

std::string_view MatElements::take(std::size_t n) {
  if (n > rest_.size()) throw MatDamaged{};
  const std::string_view taken = rest_.substr(0, n);
  rest_.remove_prefix(n);
  return taken;
}

MatTopLevel::MatTopLevel(const MatElement& e, bool little, std::uint64_t most) : bytes_(e.data) {
  if (e.type == kMatMatrix) return;
  if (e.type != kCompressed) throw MatDamaged{};
  // The stream is inflated twice, the first time only to count, so that no more is allocated than it holds.
  const std::uint64_t size = inflated_size(e.data, most, nullptr);
  if (size > most) throw MatTooLarge{};
  if (size < 8) throw MatDamaged{};
  inflated_.reserve(size);
  inflated_size(e.data, most, &inflated_);
  MatElements inside(inflated_, little);
  const MatElement matrix = inside.outer();
  if (matrix.type != kMatMatrix || !inside.done()) throw MatDamaged{};
  bytes_ = matrix.data;
}

MatVariable parse_mat_variable(std::string_view matrix, bool little) {
  MatElements parts(matrix, little);
  MatVariable v;
  const MatElement flags = parts.inner();
  if (flags.type != kUint32 || flags.data.size() != 8) throw MatDamaged{};
  v.flags = mat_number<std::uint32_t>(flags.data, 0, little);
  const std::uint32_t kind = v.flags & 0xFF;
  if (kind == 0 || kind > 17) throw MatDamaged{};
  if (kind == 17) return v;  // an opaque object, which has no dimensions
  const MatElement dims = parts.inner(), name = parts.inner();
  if (dims.type != kInt32 || dims.data.size() < 8 || dims.data.size() % 4 != 0 || name.type != kInt8 ||
      dims.data.size() / 4 > kMostAxes || name.data.size() > kLongestName)
    throw MatDamaged{};
  for (std::size_t i = 0; i < dims.data.size(); i += 4)
    v.dims.push_back(mat_number<std::int32_t>(dims.data, i, little));
  v.name = name.data;
  v.rest = parts.rest();
  if (kind >= kMatDouble && kind <= kMatUint64 && !parts.done()) v.real = parts.inner();
  return v;
}

// Numbers are stored in the smallest type that holds all of them, whatever the class.
Matrix mat_numbers(const MatVariable& v, bool little) {
  switch (v.real.type) {
    case 1:
      return transposed<std::int8_t>(v, little);
    case 2:
      return transposed<std::uint8_t>(v, little);
    case 3:
      return transposed<std::int16_t>(v, little);
    case 4:
      return transposed<std::uint16_t>(v, little);
    case 5:
      return transposed<std::int32_t>(v, little);
    case 6:
      return transposed<std::uint32_t>(v, little);
    case 7:
      return transposed<float>(v, little);
    case 9:
      return transposed<double>(v, little);
    case 12:
      return transposed<std::int64_t>(v, little);
    case 13:
      return transposed<std::uint64_t>(v, little);
    default:
      throw MatDamaged{};
  }
}

bool mat_is_little(std::string_view bytes, const std::string& path) {
  constexpr std::size_t kVersion = 124;
  const auto no_mat = [&] { fail(Fault::data, path + ": is not a MATLAB 5 file; save it with save(file, '-v7')"); };
  const auto hdf5 = [&] {
    fail(Fault::data, path +
                          ": is a MATLAB 7.3 (HDF5) file, which is not read; load it in MATLAB and save it again with "
                          "save(file, '-v7')");
  };
  if (bytes.starts_with("\x89HDF\r\n")) hdf5();
  if (bytes.size() < kMatHeader) no_mat();
  const bool little = bytes.substr(126, 2) == "IM";
  if (!little && bytes.substr(126, 2) != "MI") no_mat();
  const auto version = mat_number<std::uint16_t>(bytes, kVersion, little);
  if (version == 0x200) hdf5();
  if (version != 0x100) no_mat();
  return little;
}

}  // namespace cutract
