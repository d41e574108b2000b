#include "host/io/mview.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <utility>

#include "host/core/error.h"
#include "host/core/text.h"
#include "host/io/file_kind.h"
#include "host/io/mat_elements.h"
#include "host/io/text_numbers.h"

namespace cutract {
namespace {

constexpr std::array<std::string_view, 3> kFields = {"NAME", "SRATE", "SIGNAL"};
constexpr std::uint64_t kMostSignals = 256;
constexpr double kLowest = 1, kHighest = 1000000;  // Hz
constexpr std::uint64_t kSpare = 256 * 1024;       // bytes that a small file may take besides

class Parser {
 public:
  Parser(std::string_view bytes, const std::string& origin)
      : bytes_(bytes), origin_(origin), budget_(mat_budget(bytes.size(), kSpare)) {}

  std::vector<MviewSignal> parse() {
    little_ = mat_is_little(bytes_, origin_);
    std::vector<std::string> names;
    for (MatElements all(bytes_.substr(kMatHeader), little_); !all.done();) {
      const MatTopLevel top(all.outer(), little_, budget_);
      const MatVariable v = parse_mat_variable(top.matrix(), little_);
      names.push_back(shown(v.name));
      if (v.kind() != kMatStruct) continue;
      std::optional<std::vector<MviewSignal>> signals = read_struct(v);
      if (signals) return std::move(*signals);
    }
    refuse(fmt::format("has no struct array with the fields NAME, SRATE and SIGNAL; its variables are: {}",
                       names.empty() ? "none" : shortened(fmt::format("{}", fmt::join(names, ", ")), 300)));
  }

 private:
  [[noreturn]] void refuse(const std::string& why) const { fail(Fault::data, origin_ + ": " + why); }

  // Returns nothing for a struct without the three fields.
  std::optional<std::vector<MviewSignal>> read_struct(const MatVariable& v) {
    MatElements parts(v.rest, little_);
    const MatElement length = parts.inner(), names = parts.inner();
    const auto name_bytes = static_cast<std::size_t>(mat_number<std::uint32_t>(length.data, 0, little_));
    if (name_bytes == 0 || name_bytes > names.data.size() || names.data.size() % name_bytes != 0) {
      if (names.data.empty()) return std::nullopt;  // a struct without fields
      throw MatDamaged{};
    }
    const std::size_t fields = names.data.size() / name_bytes;
    std::array<std::size_t, kFields.size()> places{};
    for (std::size_t f = 0; f < kFields.size(); ++f) {
      places[f] = place_of(kFields[f], names.data, name_bytes);
      if (places[f] == fields) return std::nullopt;
    }
    std::uint64_t count = 1;
    for (const std::int32_t d : v.dims) {
      if (d < 0 || static_cast<std::uint64_t>(d) > kMostSignals || count * static_cast<std::uint64_t>(d) > kMostSignals)
        refuse(fmt::format("variable \"{}\" has more than {} signals", shown(v.name), kMostSignals));
      count *= static_cast<std::uint64_t>(d);
    }
    if (count == 0) refuse(fmt::format("variable \"{}\" has no signals", shown(v.name)));
    std::vector<MviewSignal> signals;
    for (std::uint64_t i = 0; i < count; ++i) signals.push_back(read_signal(parts, fields, places, i));
    return signals;
  }

  static std::size_t place_of(std::string_view name, std::string_view names, std::size_t name_bytes) {
    const std::size_t fields = names.size() / name_bytes;
    for (std::size_t f = 0; f < fields; ++f) {
      const std::string_view field = names.substr(f * name_bytes, name_bytes);
      if (field.substr(0, field.find('\0')) == name) return f;
    }
    return fields;
  }

  MviewSignal read_signal(MatElements& parts, std::size_t fields, const std::array<std::size_t, 3>& places,
                          std::uint64_t number) {
    std::array<std::string_view, 3> cells;
    for (std::size_t f = 0; f < fields; ++f) {
      const MatElement cell = parts.inner();
      if (cell.type != kMatMatrix) throw MatDamaged{};
      for (std::size_t k = 0; k < places.size(); ++k)
        if (places[k] == f) cells[k] = cell.data;
    }
    MviewSignal signal;
    const std::string which = fmt::format("signal {}", number + 1);
    signal.name = text_of(cells[0], which + ": NAME");
    const Matrix rate = numbers_of(cells[1], fmt::format("{} (\"{}\"): SRATE", which, signal.name));
    signal.rate_hz = rate.values.size() == 1 ? rate.values[0] : std::nan("");
    if (!(signal.rate_hz >= kLowest && signal.rate_hz <= kHighest))
      refuse(fmt::format(
          "{} (\"{}\"): SRATE is {}, expected one number from {} to {}", which, signal.name,
          rate.values.size() == 1 ? fmt::format("{}", signal.rate_hz) : counted(std::ssize(rate.values), "number"),
          kLowest, kHighest));
    signal.values = numbers_of(cells[2], fmt::format("{} (\"{}\"): SIGNAL", which, signal.name));
    return signal;
  }

  std::string text_of(std::string_view cell, const std::string& what) const {
    if (cell.empty()) refuse(what + " is empty, expected text");
    const MatVariable v = parse_mat_variable(cell, little_);
    if (v.kind() != kMatChar) refuse(what + " is not text");
    MatElements parts(v.rest, little_);
    const MatElement text = parts.inner();
    constexpr std::uint32_t kUint16 = 4, kUtf16 = 17;
    const std::size_t unit = text.type == kUint16 || text.type == kUtf16 ? 2 : 1;
    std::string name;
    for (std::size_t at = 0; at + unit <= text.data.size(); at += unit) {
      const char c = text.data[unit == 2 && !little_ ? at + 1 : at];
      name += c >= ' ' && c != 0x7F ? c : '?';
    }
    if (name.empty() || name.size() > 64)
      refuse(what + fmt::format(" has {}, expected 1 to 64", counted(std::ssize(name), "letter")));
    return name;
  }

  Matrix numbers_of(std::string_view cell, const std::string& what) {
    if (cell.empty()) refuse(what + " is empty, expected numbers");
    const MatVariable v = parse_mat_variable(cell, little_);
    if (v.kind() < kMatDouble || v.kind() > kMatUint64 || (v.flags & kMatLogical) != 0)
      refuse(what + " is not a numeric matrix");
    if ((v.flags & kMatComplex) != 0) refuse(what + " is complex, expected real numbers");
    if (v.dims.size() != 2) refuse(what + " is not a matrix with two axes");
    if (v.dims[0] < 0 || v.dims[1] < 0) throw MatDamaged{};
    if (v.dims[0] == 0 || v.dims[1] == 0) refuse(what + " is empty, expected numbers");
    const std::uint64_t bytes = static_cast<std::uint64_t>(v.dims[0]) * static_cast<std::uint64_t>(v.dims[1]) * 4;
    if (v.real.data.size() < bytes / 4) throw MatDamaged{};
    if (bytes > budget_ - used_) throw MatTooLarge{};
    used_ += bytes;
    return mat_numbers(v, little_);
  }

  std::string_view bytes_;
  const std::string& origin_;
  bool little_ = true;
  std::uint64_t budget_, used_ = 0;  // bytes that numbers take; inflated elements may take as much again
};

}  // namespace

std::vector<MviewSignal> parse_mview(std::string_view bytes, const std::string& origin) {
  refuse_git_lfs_pointer(bytes, origin);
  return naming_mat(origin, [&] { return Parser(bytes, origin).parse(); });
}

}  // namespace cutract
