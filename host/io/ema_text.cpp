#include "host/io/ema_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "host/core/error.h"
#include "host/core/text.h"
#include "host/io/file_kind.h"
#include "host/io/text_numbers.h"

namespace cutract {
namespace {

constexpr float kMissing = std::numeric_limits<float>::quiet_NaN();

constexpr std::array kPellets = {"ul", "ll", "t1", "t2", "t3", "t4", "mni", "mnm"};
constexpr std::array kMochaChannels = {"ui_x", "li_x", "ul_x", "ll_x", "tt_x",     "ui_y", "li_y",
                                       "ul_y", "ll_y", "tt_y", "tb_x", "td_x",     "v_x",  "unused_x",
                                       "bn_x", "tb_y", "td_y", "v_y",  "unused_y", "bn_y"};

// Reads rows of exactly `columns` numbers. Blank lines are skipped.
class NumberRows {
 public:
  NumberRows(std::string_view bytes, const std::string& origin, std::size_t columns, const char* meaning)
      : rest_(without_mark(bytes)), origin_(origin), numbers_(columns), meaning_(meaning) {}

  // An upper bound of the rows in the file: a number has at least one digit and a character after it.
  std::size_t most_rows() const {
    const auto lines = static_cast<std::size_t>(std::count(rest_.begin(), rest_.end(), '\n')) + 1;
    return std::min(lines, rest_.size() / (2 * numbers_.size()) + 1);
  }
  bool next() {
    std::string_view line;
    do {
      if (rest_.empty()) return false;
      line = take_line(rest_);
      ++line_;
    } while (line.find_first_not_of(" \t") == std::string_view::npos);
    std::size_t n = 0;
    for (std::string_view word = take_word(line); !word.empty(); word = take_word(line)) {
      const auto v = number_in(word);
      if (!v) refuse(fmt::format("has \"{}\", expected a number", shown(word)));
      if (n < numbers_.size()) numbers_[n] = *v;
      ++n;
    }
    if (n != numbers_.size())
      refuse(fmt::format("has {}, expected {} ({})", counted(static_cast<std::int64_t>(n), "number"), numbers_.size(),
                         meaning_));
    if (!std::isfinite(numbers_[0])) refuse(fmt::format("its time is {}, expected a finite number", numbers_[0]));
    return true;
  }
  double operator[](std::size_t i) const { return numbers_[i]; }
  [[noreturn]] void refuse(const std::string& why) const {
    fail(Fault::data, fmt::format("{}:{}: {}", origin_, line_, why));
  }

 private:
  std::string_view rest_;
  const std::string& origin_;
  std::vector<double> numbers_;
  const char* meaning_;
  std::int64_t line_ = 0;
};

// Reads all rows; value(c) returns the value of channel c in the row that was read last.
template <class Value>
StoredTrack read_rows(NumberRows& rows, std::vector<std::string> channels, double seconds, const std::string& origin,
                      Value value) {
  StoredTrack track;
  const std::size_t columns = channels.size(), most = rows.most_rows();
  track.channels = std::move(channels);
  track.times.reserve(most);
  track.values.values.reserve(most * columns);
  while (rows.next()) {
    track.times.push_back(rows[0] * seconds);
    for (std::size_t c = 0; c < columns; ++c) track.values.values.push_back(value(c));
  }
  if (track.times.empty()) fail(Fault::data, origin + ": holds no rows of numbers");
  track.values.rows = std::ssize(track.times);
  track.values.cols = static_cast<Index>(columns);
  return track;
}

}  // namespace

StoredTrack parse_xrmb(std::string_view bytes, const std::string& origin) {
  constexpr double kMistracked = 1000000, kSeconds = 1e-6, kMillimetres = 0.001;
  refuse_git_lfs_pointer(bytes, origin);
  std::vector<std::string> channels;
  for (const char* pellet : kPellets)
    for (const char* axis : {"_x", "_y"}) channels.push_back(std::string(pellet) + axis);
  NumberRows rows(bytes, origin, 1 + channels.size(), "the time in us, x and y of 8 pellets in um");
  return read_rows(rows, std::move(channels), kSeconds, origin, [&](std::size_t c) {
    const double v = rows[1 + c];
    return v == kMistracked ? kMissing : static_cast<float>(v * kMillimetres);
  });
}

StoredTrack parse_mocha_text(std::string_view bytes, const std::string& origin) {
  constexpr double kMillimetres = 0.01;
  refuse_git_lfs_pointer(bytes, origin);
  std::vector<std::string> channels(kMochaChannels.begin(), kMochaChannels.end());
  NumberRows rows(bytes, origin, 2 + channels.size(), "the time in s, a break flag, 20 channels in 1/1000 cm");
  return read_rows(rows, std::move(channels), 1, origin, [&](std::size_t c) {
    if (rows[1] != 0 && rows[1] != 1) rows.refuse(fmt::format("its break flag is {}, expected 0 or 1", rows[1]));
    return rows[1] == 0 ? kMissing : static_cast<float>(rows[2 + c] * kMillimetres);
  });
}

}  // namespace cutract
