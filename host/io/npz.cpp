#include "host/io/npz.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "host/core/error.h"
#include "host/core/text.h"
#include "host/io/npy_format.h"

// The format is PKWARE's APPNOTE 6.3: local files, the central directory (4.3.12), and its end (4.3.16).
namespace cutract {
namespace {

constexpr std::uint32_t kStored = 0, kDeflated = 8, kEncrypted = 1;
constexpr std::size_t kDirectoryEntry = 46, kLocalHeader = 30, kEnd = 22;
constexpr std::uint64_t kSpare = 512 * 1024, kTimes = 7;  // memory for the numbers, beside the archive itself
constexpr std::size_t kLongestNpyHeader = 65536 + 12;

std::uint32_t number(std::string_view bytes, std::size_t at, int size) {
  std::uint32_t v = 0;
  for (int i = size - 1; i >= 0; --i) v = v << 8 | static_cast<unsigned char>(bytes[at + static_cast<std::size_t>(i)]);
  return v;
}

// Unpacks one file of the archive piece by piece.
class Unpacker {
 public:
  Unpacker(std::string_view packed, bool deflated) : rest_(packed), deflated_(deflated) {
    if (deflated_ && inflateInit2(&z_, -MAX_WBITS) != Z_OK) fail(Fault::memory, "zlib could not start");
    z_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
    z_.avail_in = static_cast<uInt>(packed.size());
  }
  ~Unpacker() {
    if (deflated_) inflateEnd(&z_);
  }
  Unpacker(const Unpacker&) = delete;
  Unpacker& operator=(const Unpacker&) = delete;

  // Appends up to n bytes to `out`; fewer only at the end, or where the data are damaged.
  void read(std::string& out, std::size_t n) {
    const std::size_t before = out.size();
    if (deflated_) {
      out.resize(before + n);
      z_.next_out = reinterpret_cast<Bytef*>(out.data() + before);
      z_.avail_out = static_cast<uInt>(n);
      inflate(&z_, Z_SYNC_FLUSH);
      out.resize(before + n - z_.avail_out);
    } else {
      out += rest_.substr(0, n);
      rest_.remove_prefix(std::min(n, rest_.size()));
    }
    crc_ = static_cast<std::uint32_t>(
        crc32_z(crc_, reinterpret_cast<const Bytef*>(out.data() + before), out.size() - before));
  }
  std::uint32_t crc() const { return crc_; }

 private:
  z_stream z_{};
  std::string_view rest_;
  bool deflated_;
  std::uint32_t crc_ = 0;
};

// Names are compared with each other, and nobody has this many arrays of one recording.
constexpr std::size_t kMostFiles = 1000;

}  // namespace

NpzArchive::NpzArchive(std::string_view bytes, std::string origin) : bytes_(bytes), origin_(std::move(origin)) {
  const auto refuse = [&](const char* why) { fail(Fault::data, origin_ + ": " + why); };
  if (!bytes_.starts_with("PK")) refuse("is not a .npz archive; save the arrays with np.savez");
  if (bytes_.size() > UINT32_MAX) refuse("is larger than 4 GiB; save fewer frames in one archive");
  const std::size_t end = bytes_.rfind("PK\5\6");
  if (end == std::string_view::npos || bytes_.size() - end < kEnd) refuse("is cut off: it has no list of its arrays");
  const std::size_t count = number(bytes_, end + 10, 2), size = number(bytes_, end + 12, 4),
                    start = number(bytes_, end + 16, 4);
  if (start > end || size > end - start) refuse("is damaged: the list of its arrays is not inside the archive");
  if (count > kMostFiles) refuse("holds more than 1000 files; save one recording in each archive");
  const std::string_view directory = bytes_.substr(start, size);
  std::size_t at = 0;
  for (std::size_t i = 0; i < count; ++i) read_entry(directory, at);
}

void NpzArchive::read_entry(std::string_view directory, std::size_t& at) {
  const auto refuse = [&](const std::string& why) { fail(Fault::data, origin_ + ": " + why); };
  const std::string_view rest = directory.substr(std::min(at, directory.size()));
  if (rest.size() < kDirectoryEntry || !rest.starts_with("PK\1\2"))
    refuse("is damaged: the list of its arrays is cut off");
  const std::size_t name = number(rest, 28, 2), more = number(rest, 30, 2) + number(rest, 32, 2);
  if (name + more > rest.size() - kDirectoryEntry) refuse("is damaged: the list of its arrays is cut off");
  Entry e{rest.substr(kDirectoryEntry, name),
          number(rest, 10, 2),
          number(rest, 16, 4),
          number(rest, 20, 4),
          number(rest, 24, 4),
          number(rest, 42, 4)};
  at += kDirectoryEntry + name + more;
  if (!e.name.ends_with(".npy")) return;
  e.name.remove_suffix(4);
  if ((number(rest, 8, 2) & kEncrypted) != 0)
    refuse(fmt::format("array \"{}\" is encrypted; save it with np.savez", shortened(e.name)));
  if (e.method != kStored && e.method != kDeflated)
    refuse(fmt::format("array \"{}\" is compressed by method {}, expected none or deflate; save it with np.savez",
                       shortened(e.name), e.method));
  if (has(e.name)) refuse(fmt::format("holds two arrays \"{}\"", shortened(e.name)));
  entries_.push_back(e);
}

std::vector<std::string> NpzArchive::names() const {
  std::vector<std::string> all;
  all.reserve(entries_.size());
  for (const Entry& e : entries_) all.emplace_back(e.name);
  return all;
}

bool NpzArchive::has(std::string_view name) const {
  return std::any_of(entries_.begin(), entries_.end(), [&](const Entry& e) { return e.name == name; });
}

std::string_view NpzArchive::packed_bytes(const Entry& e) const {
  const std::string_view local = bytes_.substr(std::min<std::size_t>(e.header_at, bytes_.size()));
  std::size_t before = kLocalHeader;
  if (local.size() >= kLocalHeader) before += number(local, 26, 2) + number(local, 28, 2);
  if (!local.starts_with("PK\3\4") || local.size() < before || local.size() - before < e.packed)
    fail(Fault::data, fmt::format("{}: array \"{}\" is cut off", origin_, shortened(e.name)));
  return local.substr(before, e.packed);
}

Matrix NpzArchive::array(const std::string& name, std::uint64_t used_bytes) const {
  const auto e = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& one) { return one.name == name; });
  if (e == entries_.end())
    fail(Fault::data,
         fmt::format("{}: has no array \"{}\"; it has: {}", origin_, shortened(name),
                     entries_.empty() ? "none" : shortened(fmt::format("{}", fmt::join(names(), ", ")), 300)));
  const std::string what = fmt::format("{}: array \"{}\"", origin_, shortened(name));
  const auto damaged = [&] { fail(Fault::data, what + " is damaged; save it again"); };
  Unpacker unpacker(packed_bytes(*e), e->method == kDeflated);
  std::string piece;
  unpacker.read(piece, 12);
  const std::uint64_t data_at = npy_data_at(piece, what);
  if (data_at > kLongestNpyHeader) damaged();
  if (data_at > piece.size()) unpacker.read(piece, static_cast<std::size_t>(data_at) - piece.size());
  if (piece.size() > e->size) damaged();
  const NpyFormat format = read_npy_format(piece, e->size, what);
  if (format.rows * format.cols * sizeof(float) + used_bytes > kTimes * bytes_.size() + kSpare)
    fail(Fault::data, what + " is compressed to less than an eighth of its size in memory; save it with np.savez");
  NpyValues values(format);
  std::string data = piece.substr(format.data_at);
  constexpr std::size_t kPiece = 65536;  // whole numbers of every type
  for (std::uint64_t left = e->size - piece.size(); left > 0;) {
    const auto more = static_cast<std::size_t>(std::min<std::uint64_t>(left, kPiece));
    const std::size_t before = data.size();
    unpacker.read(data, more);
    if (data.size() - before < more) damaged();
    left -= more;
    const std::size_t whole = data.size() / format.number_bytes * format.number_bytes;
    values.take(std::string_view(data).substr(0, whole));
    data.erase(0, whole);
  }
  values.take(data);
  if (unpacker.crc() != e->crc) damaged();
  return values.matrix();
}

}  // namespace cutract
