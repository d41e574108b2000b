#include "host/io/mat.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <zlib.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <vector>

#include "host/core/error.h"
#include "host/core/text.h"
#include "host/io/file_kind.h"
#include "host/io/input_file.h"

// The format is MathWorks' "MAT-File Level 5 File Format". Every size is checked against the available bytes before
// anything is allocated.
namespace cutract {
namespace {

constexpr std::uint32_t kInt8 = 1, kInt32 = 5, kUint32 = 6, kMatrix = 14, kCompressed = 15;  // types of elements
constexpr std::uint32_t kDoubleClass = 6, kUint64Class = 15;  // the first and last class of numeric matrices
constexpr std::uint32_t kComplex = 0x0800, kLogical = 0x0200;

struct Damaged {};  // thrown where an element does not fit; read_mat adds the file's name

template <class T>
T number(std::string_view bytes, std::size_t at, bool little) {
  char raw[sizeof(T)];
  if (bytes.size() < sizeof(T) || at > bytes.size() - sizeof(T)) throw Damaged{};
  std::memcpy(raw, bytes.data() + at, sizeof(T));
  if (!little) std::reverse(std::begin(raw), std::end(raw));
  T v;
  std::memcpy(&v, raw, sizeof v);
  return v;
}

struct Element {
  std::uint32_t type = 0;
  std::string_view data;
};

// Reads consecutive elements in `bytes`.
class Elements {
 public:
  Elements(std::string_view bytes, bool little) : rest_(bytes), little_(little) {}
  bool done() const { return rest_.empty(); }

  // Elements inside a matrix begin at multiples of 8 bytes, and up to 4 bytes of data may be inside the tag.
  Element inner() {
    const auto first = number<std::uint32_t>(rest_, 0, little_);
    if (first >> 16 != 0) {
      const std::size_t size = first >> 16;
      if (size > 4) throw Damaged{};
      const Element small{first & 0xFFFF, take(8).substr(4, size)};
      return small;
    }
    const std::size_t size = number<std::uint32_t>(rest_, 4, little_);
    take(8);
    const Element e{first, take(size)};
    take(std::min((8 - size % 8) % 8, rest_.size()));
    return e;
  }
  Element outer() {
    const auto type = number<std::uint32_t>(rest_, 0, little_);
    const std::size_t size = number<std::uint32_t>(rest_, 4, little_);
    take(8);
    return {type, take(size)};
  }

 private:
  std::string_view take(std::size_t n) {
    if (n > rest_.size()) throw Damaged{};
    const std::string_view taken = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return taken;
  }

  std::string_view rest_;
  bool little_;
};

// Inflates into `out` piece by piece, or only counts. A stream may lack its checksum: MATLAB omits it if the data fill
// its buffer exactly. Returns the number of bytes inflated, or 0 if the stream is damaged or does not end with its
// input.
std::uint64_t inflated_size(std::string_view packed, std::string* out) {
  z_stream z{};
  if (inflateInit(&z) != Z_OK) fail(Fault::memory, "zlib could not start");
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  z.avail_in = static_cast<uInt>(packed.size());
  std::vector<char> room(65536);
  int result = Z_OK;
  while (result == Z_OK) {
    z.next_out = reinterpret_cast<Bytef*>(room.data());
    z.avail_out = static_cast<uInt>(room.size());
    result = inflate(&z, Z_NO_FLUSH);
    if (out) out->append(room.data(), room.size() - z.avail_out);
  }
  const bool intact =
      (result == Z_STREAM_END || result == Z_BUF_ERROR) && z.avail_in == 0;  // the latter: no more input
  const std::uint64_t size = z.total_out;
  inflateEnd(&z);
  return intact ? size : 0;
}

// One variable: its header, and where its numbers are.
struct Variable {
  std::string name;
  std::uint32_t flags = 0;
  std::vector<std::int32_t> dims;
  Element real;  // in the bytes that the variable was parsed from
};

Variable parse_variable(std::string_view matrix, bool little) {
  Elements parts(matrix, little);
  Variable v;
  const Element flags = parts.inner();
  if (flags.type != kUint32 || flags.data.size() != 8) throw Damaged{};
  v.flags = number<std::uint32_t>(flags.data, 0, little);
  const std::uint32_t kind = v.flags & 0xFF;
  if (kind == 0 || kind > 17) throw Damaged{};
  if (kind == 17) return v;  // an opaque object, which has no dimensions
  const Element dims = parts.inner(), name = parts.inner();
  if (dims.type != kInt32 || dims.data.size() < 8 || dims.data.size() % 4 != 0 || name.type != kInt8) throw Damaged{};
  for (std::size_t i = 0; i < dims.data.size(); i += 4) v.dims.push_back(number<std::int32_t>(dims.data, i, little));
  v.name = name.data;
  if (kind >= kDoubleClass && kind <= kUint64Class && !parts.done()) v.real = parts.inner();
  return v;
}

// MATLAB stores matrices by column; Matrix stores them by row.
template <class T>
Matrix transposed(const Variable& v, bool little) {
  const auto rows = static_cast<std::uint64_t>(v.dims[0]), cols = static_cast<std::uint64_t>(v.dims[1]);
  if (v.real.data.size() % sizeof(T) != 0 || rows * cols != v.real.data.size() / sizeof(T)) throw Damaged{};
  Matrix m(v.dims[0], v.dims[1]);
  std::size_t at = 0;
  for (Index c = 0; c < m.cols; ++c)
    for (Index r = 0; r < m.rows; ++r) {
      m.row(r)[c] = static_cast<float>(number<T>(v.real.data, at, little));
      at += sizeof(T);
    }
  return m;
}

// Numbers are stored in the smallest type that holds all of them, whatever the class.
Matrix numbers_of(const Variable& v, bool little) {
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
      throw Damaged{};
  }
}

// One element of the file: a matrix, either uncompressed or inflated.
class TopLevel {
 public:
  TopLevel(const Element& e, bool little) : bytes_(e.data) {
    if (e.type == kMatrix) return;
    if (e.type != kCompressed) throw Damaged{};
    // The size that the stream announces must equal what it inflates to; otherwise a few bytes could request gigabytes.
    const std::uint64_t size = inflated_size(e.data, nullptr);
    if (size < 8) throw Damaged{};
    inflated_.reserve(size);
    inflated_size(e.data, &inflated_);
    Elements inside(inflated_, little);
    const Element matrix = inside.outer();
    if (matrix.type != kMatrix || !inside.done()) throw Damaged{};
    bytes_ = matrix.data;
  }
  std::string_view matrix() const { return bytes_; }

 private:
  std::string inflated_;
  std::string_view bytes_;
};

bool little_endian(std::string_view bytes, const std::string& path) {
  constexpr std::size_t kHeader = 128, kVersion = 124;
  const auto no_mat = [&] { fail(Fault::data, path + ": is not a MATLAB 5 file; save it with save(file, '-v7')"); };
  const auto hdf5 = [&] {
    fail(Fault::data, path +
                          ": is a MATLAB 7.3 (HDF5) file, which is not read; load it in MATLAB and save it again with "
                          "save(file, '-v7')");
  };
  if (bytes.starts_with("\x89HDF\r\n")) hdf5();
  if (bytes.size() < kHeader) no_mat();
  const bool little = bytes.substr(126, 2) == "IM";
  if (!little && bytes.substr(126, 2) != "MI") no_mat();
  const auto version = number<std::uint16_t>(bytes, kVersion, little);
  if (version == 0x200) hdf5();
  if (version != 0x100) no_mat();
  return little;
}

Matrix matrix_of(const Variable& v, bool little, const std::string& path) {
  const auto refuse = [&](const char* why) {
    fail(Fault::data, fmt::format("{}: variable \"{}\" {}", path, v.name, why));
  };
  if (v.dims.size() != 2) refuse("is not a matrix with two axes");
  const std::uint32_t kind = v.flags & 0xFF;
  if (kind < kDoubleClass || kind > kUint64Class || (v.flags & kLogical) != 0) refuse("is not a numeric matrix");
  if ((v.flags & kComplex) != 0) refuse("is complex, expected real numbers");
  if (v.dims[0] < 0 || v.dims[1] < 0) throw Damaged{};
  if (v.dims[0] == 0 || v.dims[1] == 0) return {v.dims[0], v.dims[1]};
  return numbers_of(v, little);
}

// Returns the requested variable, or the only one. Unnamed elements hold MATLAB's own data about objects.
Matrix find_matrix(std::string_view bytes, bool little, const std::string& path, const std::string& wanted) {
  std::vector<std::string> names;
  std::vector<Matrix> found;
  std::optional<Error> wrong;  // about the variable; matters only if it is the requested one
  for (Elements all(bytes.substr(128), little); !all.done();) {
    const TopLevel top(all.outer(), little);
    const Variable v = parse_variable(top.matrix(), little);
    if (v.name.empty()) continue;
    names.push_back(v.name);
    if (wanted.empty() ? names.size() > 1 : v.name != wanted) continue;
    try {
      found.push_back(matrix_of(v, little, path));
    } catch (const Error& e) { wrong = e; }
  }
  const std::string there = names.empty() ? "none" : shortened(fmt::format("{}", fmt::join(names, ", ")), 300);
  if (wanted.empty() && names.size() != 1)
    fail(Fault::data, fmt::format("{}: expected a single variable, but it has: {}", path, there));
  if (wrong) throw Error(*wrong);
  if (found.empty()) fail(Fault::data, fmt::format("{}: has no variable \"{}\"; it has: {}", path, wanted, there));
  return std::move(found.front());
}

}  // namespace

Matrix read_mat(const std::string& path, const std::string& variable) {
  const std::string bytes = read_regular_file(path);
  refuse_git_lfs_pointer(bytes, path);
  const bool little = little_endian(bytes, path);
  try {
    return find_matrix(bytes, little, path, variable);
  } catch (const Damaged&) { fail(Fault::data, path + ": is cut off or damaged"); }
}

}  // namespace cutract
