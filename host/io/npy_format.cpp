#include "host/io/npy_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>
#include <vector>

#include "host/core/error.h"
#include "host/core/text.h"
#include "host/io/file_kind.h"

namespace cutract {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";

struct Header {
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

  bool read(Header& out) {
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

std::string unreadable(const Header& h) {
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

// Returns the number of bytes before the dict: magic, version, and the dict's length, which `length` receives.
std::size_t read_start(std::string_view bytes, const std::string& origin, std::size_t& length) {
  const auto refuse = [&](const std::string& why) { fail(Fault::data, fmt::format("{}: {}", origin, why)); };
  if (bytes.size() < 10 || !bytes.starts_with(kMagic)) refuse(other_format(bytes));
  const int major = static_cast<unsigned char>(bytes[6]), minor = static_cast<unsigned char>(bytes[7]);
  if (major < 1 || major > 3 || minor != 0)
    refuse(fmt::format(".npy format is {}.{}, expected 1.0 to 3.0", major, minor));
  const std::size_t before = major == 1 ? 10 : 12;
  if (bytes.size() < before) refuse(".npy header is cut off");
  length = 0;
  std::memcpy(&length, bytes.data() + 8, before - 8);
  return before;
}

}  // namespace

std::uint64_t npy_data_at(std::string_view start, const std::string& origin) {
  std::size_t length = 0;
  const std::size_t before = read_start(start, origin, length);
  return before + length;
}

NpyFormat read_npy_format(std::string_view bytes, std::uint64_t total, const std::string& origin) {
  const auto refuse = [&](const std::string& why) { fail(Fault::data, fmt::format("{}: {}", origin, why)); };
  refuse_git_lfs_pointer(bytes, origin);
  std::size_t length = 0;
  const std::size_t before = read_start(bytes, origin, length);
  if (length > bytes.size() - before) refuse(".npy header is cut off");

  Header h;
  if (!DictReader(bytes.substr(before, length)).read(h)) refuse(".npy header is malformed");
  bool big = false;
  const Kind* kind = h.fields ? nullptr : kind_of(h.descr, big);
  if (kind == nullptr) refuse(unreadable(h));
  if (h.shape.empty() || h.shape.size() > 2)
    refuse(fmt::format("array has {}, expected 2: [frames, channels]", counted(std::ssize(h.shape), "axis", "axes")));
  const std::uint64_t rows = h.shape[0], cols = h.shape.size() == 2 ? h.shape[1] : 1;
  const std::uint64_t have = total - before - length;
  // An extent of zero must not hide a huge extent elsewhere.
  const std::uint64_t most = have / kind->bytes;
  if ((cols != 0 && rows > most / cols) || (cols == 0 && rows > most) || (rows == 0 && cols > most + 65536) ||
      rows * cols * kind->bytes != have)
    refuse(fmt::format("array of shape [{}, {}] and dtype {} does not fit its {} of data", rows, cols, h.descr,
                       counted(static_cast<std::int64_t>(have), "byte")));
  return {rows, cols, kind->bytes, kind->get, big, h.fortran, before + length};
}

NpyValues::NpyValues(const NpyFormat& format)
    : format_(format), matrix_(static_cast<Index>(format.rows), static_cast<Index>(format.cols)) {}

void NpyValues::take(std::string_view data) {
  const std::size_t size = format_.number_bytes;
  std::array<char, 8> one{};
  for (std::size_t at = 0; at + size <= data.size() && done_ < matrix_.values.size(); at += size, ++done_) {
    const char* number = data.data() + at;
    if (format_.big_endian) {
      std::reverse_copy(number, number + size, one.begin());
      number = one.data();
    }
    const std::size_t place = format_.fortran ? done_ % format_.rows * format_.cols + done_ / format_.rows : done_;
    matrix_.values[place] = format_.get(number);
  }
}

Matrix NpyValues::matrix() { return std::move(matrix_); }

}  // namespace cutract
