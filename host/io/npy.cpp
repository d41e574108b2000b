#include "host/io/npy.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <span>

#include "host/core/error.h"
#include "host/core/text.h"
#include "host/io/atomic_file.h"
#include "host/io/file_kind.h"

namespace cutract {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";

struct NpyHeader {
  std::string descr;
  bool fields = false;  // descr is a list: records of named fields
  bool fortran = false;
  std::vector<std::uint64_t> shape;
};

// The header is a Python dict literal with three known keys. Each method consumes the element in its name or returns
// false.
class DictReader {
 public:
  explicit DictReader(std::string_view text) : rest_(text) {}

  bool read(NpyHeader& out) {
    bool descr = false, fortran = false, shape = false;
    if (!eat('{')) return false;
    while (!eat('}')) {
      std::string key;
      if (!string(key) || !eat(':')) return false;
      if (key == "descr" && !descr)
        descr = peek() == '[' ? (out.fields = list(out.descr)) : string(out.descr);
      else if (key == "fortran_order" && !fortran)
        fortran = boolean(out.fortran);
      else if (key == "shape" && !shape)
        shape = tuple(out.shape);
      else
        return false;
      if (!eat(',') && peek() != '}') return false;
    }
    return descr && fortran && shape && peek() == '\0';
  }

 private:
  char peek() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size()));
    return rest_.empty() ? '\0' : rest_.front();
  }
  bool eat(char c) {
    if (peek() != c || rest_.empty()) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool string(std::string& out) {
    const char quote = peek();
    if ((quote != '\'' && quote != '"') || !eat(quote)) return false;
    const auto end = rest_.find(quote);
    if (end == std::string_view::npos) return false;
    out = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return true;
  }
  // Skips a list literal.
  bool list(std::string& out) {
    int depth = 0;
    for (std::size_t i = 0; i < rest_.size(); ++i) {
      if (rest_[i] == '[') ++depth;
      if (rest_[i] == ']' && --depth == 0) {
        out = rest_.substr(0, i + 1);
        rest_.remove_prefix(i + 1);
        return true;
      }
    }
    return false;
  }
  bool boolean(bool& out) {
    peek();
    out = rest_.starts_with("True");
    if (!out && !rest_.starts_with("False")) return false;
    rest_.remove_prefix(out ? 4 : 5);
    return true;
  }
  bool tuple(std::vector<std::uint64_t>& out) {
    if (!eat('(')) return false;
    while (!eat(')')) {
      peek();
      std::uint64_t n = 0;
      const auto [end, err] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), n);
      if (err != std::errc()) return false;
      rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
      if (rest_.starts_with('L')) rest_.remove_prefix(1);  // Python 2 wrote integers this way
      out.push_back(n);
      // In Python, (3) is a number and (3,) is a tuple.
      if (!eat(',') && (peek() != ')' || out.size() < 2)) return false;
    }
    return true;
  }

  std::string_view rest_;
};

template <class T>
float element(const char* at) {
  T v;
  std::memcpy(&v, at, sizeof v);
  return static_cast<float>(v);
}

// IEEE 754 binary16.
float half(const char* at) {
  std::uint16_t bits = 0;
  std::memcpy(&bits, at, sizeof bits);
  const int exponent = bits >> 10 & 31;
  const auto fraction = static_cast<float>(bits & 1023);
  const float size = exponent == 31  ? (fraction == 0 ? std::numeric_limits<float>::infinity() : std::nanf(""))
                     : exponent == 0 ? std::ldexp(fraction, -24)
                                     : std::ldexp(fraction + 1024, exponent - 25);
  return bits >> 15 ? -size : size;
}

struct Kind {
  std::string_view name;  // without the byte order
  std::size_t bytes;
  float (*get)(const char*);
};
constexpr Kind kKinds[] = {{"f2", 2, half},
                           {"f4", 4, element<float>},
                           {"f8", 8, element<double>},
                           {"i1", 1, element<std::int8_t>},
                           {"i2", 2, element<std::int16_t>},
                           {"i4", 4, element<std::int32_t>},
                           {"i8", 8, element<std::int64_t>},
                           {"u1", 1, element<std::uint8_t>},
                           {"u2", 2, element<std::uint16_t>},
                           {"u4", 4, element<std::uint32_t>},
                           {"u8", 8, element<std::uint64_t>}};
constexpr const char* kSaveAs = "save it with np.save(file, x.astype(\"float32\"))";

// Returns the kind of number that numpy's `descr` names, or nullptr if it is not supported. `big`: most significant
// byte first.
const Kind* kind_of(std::string_view descr, bool& big) {
  big = descr.starts_with('>');
  if (!descr.empty() && std::string_view("<>|=").find(descr.front()) != std::string_view::npos) descr.remove_prefix(1);
  const auto* found = std::find_if(std::begin(kKinds), std::end(kKinds), [&](auto& k) { return k.name == descr; });
  return found == std::end(kKinds) ? nullptr : found;
}

std::string unreadable(const NpyHeader& h) {
  if (h.fields)
    return fmt::format("holds records with named fields (dtype {}), expected one array of numbers; {}",
                       shortened(h.descr), kSaveAs);
  if (h.descr.ends_with('O')) return fmt::format("holds Python objects, expected numbers; {}", kSaveAs);
  return fmt::format("dtype is {}, expected real numbers (f2, f4, f8, i1 to i8, u1 to u8); {}", shortened(h.descr),
                     kSaveAs);
}

// Says what the file is, if it has a different format in which people save arrays.
std::string other_format(std::string_view bytes) {
  if (bytes.starts_with("PK\3\4")) return "is a .npz archive, expected one array; save the array with np.save";
  return "is not a .npy file; save the array with np.save";
}

Matrix read_values(const NpyHeader& h, const Kind& kind, bool big, const char* data, std::size_t rows,
                   std::size_t cols) {
  Matrix m(static_cast<Index>(rows), static_cast<Index>(cols));
  std::array<char, 8> one{};
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t c = 0; c < cols; ++c) {
      const char* at = data + (h.fortran ? c * rows + r : r * cols + c) * kind.bytes;
      if (big) {
        std::reverse_copy(at, at + kind.bytes, one.begin());
        at = one.data();
      }
      m.values[r * cols + c] = kind.get(at);
    }
  return m;
}

template <class T>
void put(std::string& out, T v) {
  out.append(reinterpret_cast<const char*>(&v), sizeof v);
}

// Writes format 1.0 with a header padded so that the data begin at a multiple of 64.
std::string npy(const std::string& descr, const std::string& shape, std::string_view data) {
  std::string header = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': {}, }}", descr, shape);
  constexpr std::size_t kBefore = 10;
  header.resize((kBefore + header.size() + 1 + 63) / 64 * 64 - kBefore - 1, ' ');
  header += '\n';
  std::string out(kMagic);
  out += '\1', out += '\0';
  put(out, static_cast<std::uint16_t>(header.size()));
  return out.append(header).append(data);
}

template <class T>
std::string_view as_bytes(std::span<const T> v) {
  return {reinterpret_cast<const char*>(v.data()), v.size_bytes()};
}

// Converts UTF-8 to code points; a malformed byte becomes U+FFFD.
std::vector<std::uint32_t> code_points(const std::string& text) {
  std::vector<std::uint32_t> out;
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t more = lead < 0x80 ? 0 : lead >> 5 == 6 ? 1 : lead >> 4 == 14 ? 2 : lead >> 3 == 30 ? 3 : 4;
    std::uint32_t c = more == 0 ? lead : lead & (0x3Fu >> more);
    bool good = more < 4 && i + more < text.size();
    for (std::size_t k = 1; good && k <= more; ++k) {
      const auto next = static_cast<unsigned char>(text[i + k]);
      good = next >> 6 == 2;
      c = c << 6 | (next & 0x3Fu);
    }
    out.push_back(good ? c : 0xFFFD);
    i += good ? more + 1 : 1;
  }
  return out;
}

std::string npy_of(View<const float, 2> v) {
  return npy("<f4", fmt::format("({}, {})", v.shape[0], v.shape[1]),
             as_bytes(std::span(v.data, static_cast<std::size_t>(v.size()))));
}
std::string npy_of(const std::vector<double>& v) {
  return npy("<f8", fmt::format("({},)", v.size()), as_bytes(std::span(v)));
}
std::string npy_of(const std::vector<std::string>& v) {
  std::vector<std::vector<std::uint32_t>> texts;
  std::size_t longest = 1;  // numpy has no <U0 in files
  for (const auto& s : v) {
    texts.push_back(code_points(s));
    longest = std::max(longest, texts.back().size());
  }
  std::string data;
  for (auto& t : texts) {
    t.resize(longest);
    data += as_bytes(std::span<const std::uint32_t>(t));
  }
  return npy(fmt::format("<U{}", longest), fmt::format("({},)", v.size()), data);
}

std::string deflated(const std::string& raw) {
  z_stream z{};
  if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    fail(Fault::memory, "npz: zlib could not start");
  std::string out(deflateBound(&z, static_cast<uLong>(raw.size())), '\0');
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(raw.data()));
  z.avail_in = static_cast<uInt>(raw.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  const int result = deflate(&z, Z_FINISH);
  out.resize(z.total_out);
  deflateEnd(&z);
  if (result != Z_STREAM_END) fail(Fault::internal, "npz: zlib did not finish");
  return out;
}

// The fields that the local header and the central directory of a zip share (APPNOTE 4.4): version 2.0, UTF-8 names,
// deflate, and the date 1980-01-01 so that equal content gives equal bytes.
std::string zip_fields(const std::string& name, std::uint32_t crc, std::size_t packed, std::size_t raw) {
  std::string out;
  for (const int v : {20, 0x800, 8, 0, 0x21}) put(out, static_cast<std::uint16_t>(v));
  put(out, crc), put(out, static_cast<std::uint32_t>(packed)), put(out, static_cast<std::uint32_t>(raw));
  put(out, static_cast<std::uint16_t>(name.size())), put(out, std::uint16_t{0});
  return out;
}

}  // namespace

Matrix decode_npy(std::string_view bytes, const std::string& origin) {
  const auto refuse = [&](const std::string& why) { fail(Fault::data, fmt::format("{}: {}", origin, why)); };
  refuse_git_lfs_pointer(bytes, origin);
  if (bytes.size() < 10 || !bytes.starts_with(kMagic)) refuse(other_format(bytes));
  const int major = static_cast<unsigned char>(bytes[6]), minor = static_cast<unsigned char>(bytes[7]);
  if (major < 1 || major > 3 || minor != 0)
    refuse(fmt::format(".npy format is {}.{}, expected 1.0 to 3.0", major, minor));
  const std::size_t before = major == 1 ? 10 : 12;
  if (bytes.size() < before) refuse(".npy header is cut off");
  std::size_t length = 0;
  std::memcpy(&length, bytes.data() + 8, before - 8);
  if (length > bytes.size() - before) refuse(".npy header is cut off");

  NpyHeader h;
  if (!DictReader(bytes.substr(before, length)).read(h)) refuse(".npy header is malformed");
  bool big = false;
  const Kind* kind = h.fields ? nullptr : kind_of(h.descr, big);
  if (kind == nullptr) refuse(unreadable(h));
  if (h.shape.empty() || h.shape.size() > 2)
    refuse(fmt::format("array has {}, expected 2: [frames, channels]", counted(std::ssize(h.shape), "axis", "axes")));
  const std::uint64_t rows = h.shape[0], cols = h.shape.size() == 2 ? h.shape[1] : 1;
  const std::uint64_t have = bytes.size() - before - length;
  // An extent of zero must not hide a huge extent elsewhere.
  const std::uint64_t most = have / kind->bytes;
  if ((cols != 0 && rows > most / cols) || (cols == 0 && rows > most) || (rows == 0 && cols > most + 65536) ||
      rows * cols * kind->bytes != have)
    refuse(fmt::format("array of shape [{}, {}] and dtype {} does not fit its {} of data", rows, cols, h.descr,
                       counted(static_cast<std::int64_t>(have), "byte")));

  return read_values(h, *kind, big, bytes.data() + before + length, rows, cols);
}

Matrix read_npy(const std::string& path) { return decode_npy(read_file(path), path); }

std::string encode_npy(View<const float, 2> v) { return npy_of(v); }

std::string encode_npz(const std::vector<std::pair<std::string, NpzValue>>& arrays) {
  std::string out, directory;
  for (const auto& [key, value] : arrays) {
    const std::string name = key + ".npy";
    const std::string raw = std::visit([](const auto& v) { return npy_of(v); }, value);
    if (raw.size() > std::numeric_limits<std::uint32_t>::max() / 2)
      fail(Fault::data,
           fmt::format("npz: array \"{}\" is over 2 GiB, which a zip cannot hold; save fewer frames", key));
    const std::string packed = deflated(raw);
    const auto crc = static_cast<std::uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(raw.data()), raw.size()));
    const std::string fields = zip_fields(name, crc, packed.size(), raw.size());
    directory.append("PK\1\2", 4);
    put(directory, std::uint16_t{20});
    directory += fields;
    for (int i = 0; i < 3; ++i) put(directory, std::uint16_t{0});  // comment, disk, internal attributes
    put(directory, std::uint32_t{0});                              // external attributes
    put(directory, static_cast<std::uint32_t>(out.size()));
    directory += name;
    out.append("PK\3\4", 4).append(fields).append(name).append(packed);
    if (out.size() > std::numeric_limits<std::uint32_t>::max() / 2 || arrays.size() > 65535)
      fail(Fault::data, "npz: the archive is over 2 GiB, which a zip cannot hold; save fewer arrays");
  }
  const std::size_t start = out.size();
  out += directory;
  out.append("PK\5\6", 4);
  const auto count = static_cast<std::uint16_t>(arrays.size());
  for (const std::uint16_t v : {std::uint16_t{0}, std::uint16_t{0}, count, count}) put(out, v);
  put(out, static_cast<std::uint32_t>(directory.size()));
  put(out, static_cast<std::uint32_t>(start));
  put(out, std::uint16_t{0});
  return out;
}

}  // namespace cutract
