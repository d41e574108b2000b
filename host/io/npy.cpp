#include "host/io/npy.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <limits>
#include <span>

#include "host/core/error.h"
#include "host/io/atomic_file.h"
#include "host/io/npy_format.h"

namespace cutract {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";

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
  out += '\1';
  out += '\0';
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
  put(out, crc);
  put(out, static_cast<std::uint32_t>(packed));
  put(out, static_cast<std::uint32_t>(raw));
  put(out, static_cast<std::uint16_t>(name.size()));
  put(out, std::uint16_t{0});
  return out;
}

}  // namespace

Matrix decode_npy(std::string_view bytes, const std::string& origin) {
  const NpyFormat f = read_npy_format(bytes, bytes.size(), origin);
  NpyValues values(f);
  values.take(bytes.substr(f.data_at));
  return values.matrix();
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
