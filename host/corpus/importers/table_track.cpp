#include "host/corpus/importers/table_track.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <span>
#include <utility>

#include "host/core/error.h"
#include "host/core/text.h"
#include "host/corpus/csv.h"
#include "host/io/input_file.h"
#include "host/io/npy.h"
#include "host/io/npz.h"
#include "host/io/text_numbers.h"

namespace cutract {
namespace {

using Names = std::vector<std::string>;

bool is_missing(std::string_view cell) {
  const std::string word = lowercase(cell);
  const std::string_view bare = std::string_view(word).substr(word.starts_with('-') || word.starts_with('+') ? 1 : 0);
  for (const char* known : {"nan", "na", "n/a", "null", "none", "missing", "#n/a", ""})
    if (bare == known) return true;
  return false;
}

// Says what is wrong with a cell that does not hold a finite number.
std::string wrong_number(std::string_view cell, bool is_time) {
  if (cell.empty()) return "is empty, expected a number";
  const std::string shown = "is \"" + shortened(cell) + "\"";
  if (const auto v = number_in(cell); v && !std::isfinite(static_cast<float>(*v)))
    return shown + (std::isfinite(*v) ? ", expected a number that fits into 32 bits"
                    : is_time         ? ", expected a finite number; every row needs a time"
                                      : ", expected a finite number, or NaN for a missing value");
  std::string point(cell);
  if (std::count(point.begin(), point.end(), ',') == 1) {
    std::replace(point.begin(), point.end(), ',', '.');
    if (number_in(point)) return shown + ", a number with a decimal comma; write decimal points";
  }
  return shown + ", expected a number";
}

// Where the values of a row come from.
struct Layout {
  Names channels;
  std::vector<std::size_t> columns;  // of each channel
  std::optional<std::size_t> time;
};

std::string columns_text(std::span<const std::string> names) {
  return shortened(fmt::format("{}", fmt::join(names, ", ")), 300);
}

std::optional<std::size_t> place_of(const Names& names, const std::string& name) {
  const auto at = std::find(names.begin(), names.end(), name);
  if (at == names.end()) return std::nullopt;
  return static_cast<std::size_t>(at - names.begin());
}

// Returns which columns of a table to read. `where` is its header line.
Layout layout_of(const Names& names, const TrackFormat& format, const std::string& where) {
  const auto refuse = [&](const std::string& why) { fail(Fault::data, where + ": " + why); };
  const auto numbers =
      std::count_if(names.begin(), names.end(), [](const auto& n) { return number_in(n).has_value(); });
  if (2 * static_cast<std::size_t>(numbers) > names.size())
    refuse("holds numbers, expected a header line with the names of the columns; a table has one row for each frame");
  if (names.size() == 1 && names.front().find_first_of(" \t") != std::string::npos)
    refuse("its columns are separated by spaces, expected commas, semicolons or tabs");
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i].empty()) refuse(fmt::format("column {} has no name", i + 1));
    if (place_of(names, names[i]) != i) refuse(fmt::format("duplicate column \"{}\"", shortened(names[i])));
  }
  Layout layout;
  layout.time = place_of(names, format.time);
  if (!layout.time && format.needs_times)
    refuse(
        fmt::format("has no column \"{}\" with the time of each row; name it with --time, or give the rate of the rows "
                    "with --rate; the columns are: {}",
                    format.time, columns_text(names)));
  if (format.channels.empty()) {
    for (std::size_t i = 0; i < names.size(); ++i)
      if (i != layout.time) layout.channels.push_back(names[i]);
  } else {
    layout.channels = format.channels;
    std::erase(layout.channels, format.time);
  }
  if (layout.channels.empty()) refuse("has no column of movement beside the times");
  for (const std::string& channel : layout.channels) {
    const auto at = place_of(names, channel);
    if (!at) refuse(fmt::format("has no column \"{}\"; the columns are: {}", channel, columns_text(names)));
    layout.columns.push_back(*at);
  }
  return layout;
}

// An upper bound of the cells and rows of a table, so that its numbers are stored without growing.
std::pair<std::size_t, std::size_t> most_cells_and_rows(std::string_view text, char separator) {
  std::size_t separators = 0, rows = 1;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == separator) ++separators;
    const bool line_end = text[i] == '\n' || text[i] == '\r';
    if (line_end && i > 0 && text[i - 1] != '\n' && text[i - 1] != '\r') ++rows;
  }
  return {separators + rows, rows};
}

class TableReader {
 public:
  TableReader(std::string_view text, const std::string& path, char separator, const TrackFormat& format)
      : reader_(text, path, separator), separator_(separator) {
    if (!reader_.next()) fail(Fault::data, path + ":1: expected a header line of column names");
    const Names names(reader_.cells().begin(), reader_.cells().end());
    columns_ = names.size();
    layout_ = layout_of(names, format, reader_.where());
    const auto [cells, rows] = most_cells_and_rows(text, separator);
    values_.reserve(std::min(cells, rows * layout_.columns.size()));
    if (layout_.time) times_.reserve(std::min(rows, cells / columns_ + 1));
  }

  StoredTrack read() {
    while (reader_.next()) read_row();
    StoredTrack track;
    track.values.rows = static_cast<Index>(values_.size() / layout_.columns.size());
    track.values.cols = static_cast<Index>(layout_.columns.size());
    track.values.values = std::move(values_);
    track.channels = std::move(layout_.channels);
    track.times = std::move(times_);
    return track;
  }

 private:
  void read_row() {
    const auto cells = reader_.cells();
    if (cells.size() != columns_)
      fail(Fault::data, fmt::format("{}: has {}, expected {} as in the header line{}", reader_.where(),
                                    counted(std::ssize(cells), "cell"), columns_,
                                    separator_ == ',' && cells.size() > columns_
                                        ? "; if its numbers have decimal commas, write decimal points"
                                        : ""));
    if (layout_.time) times_.push_back(number(cells[*layout_.time], ""));
    for (std::size_t c = 0; c < layout_.columns.size(); ++c)
      values_.push_back(is_missing(cells[layout_.columns[c]])
                            ? std::numeric_limits<float>::quiet_NaN()
                            : static_cast<float>(number(cells[layout_.columns[c]], layout_.channels[c])));
  }
  // `column` is the name of a channel; "": the cell is a time.
  double number(std::string_view cell, const std::string& column) const {
    const auto v = number_in(cell);
    if (!v || !std::isfinite(static_cast<float>(*v)))
      fail(Fault::data, fmt::format("{}: {} {}", reader_.where(), column.empty() ? "the time" : shortened(column),
                                    wrong_number(cell, column.empty())));
    return *v;
  }

  CsvReader reader_;
  char separator_;
  std::size_t columns_ = 0;
  Layout layout_;
  std::vector<double> times_;
  std::vector<float> values_;
};

// Takes the times out of column `at`. They increase, so a file of few bits for each number cannot hold many.
std::vector<double> take_column(Matrix& array, Index at, const std::string& what) {
  std::vector<double> times;
  float* to = array.values.data();
  for (Index t = 0; t < array.rows; ++t) {
    const float* row = array.row(t);
    if (t > 0 && !(row[at] > times.back()))
      fail(Fault::data, fmt::format("{}: the time of row {} is {}, but that of row {} is {}; times must increase", what,
                                    t + 1, row[at], t, static_cast<float>(times.back())));
    times.push_back(row[at]);
    for (Index c = 0; c < array.cols; ++c)
      if (c != at) *to++ = row[c];
  }
  --array.cols;
  array.values.resize(static_cast<std::size_t>(array.rows * array.cols));
  return times;
}

void expect_columns(const Matrix& array, const Names& names, const std::string& what) {
  const auto refuse = [&](const std::string& why) { fail(Fault::data, what + ": " + why); };
  const auto expected = static_cast<Index>(names.size());
  if (expected == 0)
    refuse("an array has no names of columns; name all of them with --channels, e.g. --channels tt_x,tt_y");
  if (array.cols != expected && array.rows == expected)
    refuse(fmt::format("has {} of {}, expected one row for each frame with {}; it is transposed, so save x.T",
                       counted(array.rows, "row"), counted(array.cols, "number"), counted(expected, "number")));
  if (array.cols != expected)
    refuse(fmt::format("has {}, --channels names {}", counted(array.cols, "column"), expected));
  for (Index t = 0; t < array.rows; ++t)
    for (Index c = 0; c < array.cols; ++c)
      if (const float v = array.row(t)[c]; std::isinf(v))
        refuse(fmt::format("row {} of \"{}\" is {}, expected a finite number, or NaN for a missing value", t + 1,
                           names[static_cast<std::size_t>(c)], v));
}

// `times` are those that are stored apart from the array; empty if there are none.
StoredTrack named_columns(Matrix array, std::vector<double> times, const TrackFormat& format, const std::string& what) {
  StoredTrack track{format.channels, std::move(times), {}};
  expect_columns(array, format.channels, what);
  const auto time = place_of(format.channels, format.time);
  if (track.times.empty()) {
    if (!time && format.needs_times)
      fail(Fault::data,
           fmt::format("{}: has no times; give the rate of the rows with --rate, or name the column of times "
                       "\"{}\" in --channels",
                       what, format.time));
  }
  if (track.times.empty() && time) {
    if (array.cols == 1) fail(Fault::data, what + ": has no column of movement beside the times");
    track.times = take_column(array, static_cast<Index>(*time), what);
    track.channels.erase(track.channels.begin() + static_cast<std::ptrdiff_t>(*time));
  }
  track.values = std::move(array);
  return track;
}

std::string only_array(const NpzArchive& archive, const std::string& path, const TrackFormat& format) {
  Names others = archive.names();
  std::erase(others, format.time);
  if (others.size() != 1)
    fail(Fault::data, fmt::format("{}: holds {}, expected one; name it with --array: {}", path,
                                  counted(std::ssize(others), "array"), columns_text(others)));
  return others.front();
}

StoredTrack read_archive(std::string_view bytes, const std::string& path, const TrackFormat& format) {
  const NpzArchive archive(bytes, path);
  const std::string name = format.array.empty() ? only_array(archive, path, format) : format.array;
  const std::string what = fmt::format("{}: array \"{}\"", path, name);
  Matrix values = archive.array(name);
  if (!archive.has(format.time)) return named_columns(std::move(values), {}, format, what);
  TrackFormat without_time = format;
  std::erase(without_time.channels, format.time);
  expect_columns(values, without_time.channels, what);
  const auto rows = static_cast<std::uint64_t>(values.rows);
  const Matrix column = archive.array(format.time, values.values.size() * sizeof(float) + rows * sizeof(double));
  if (column.values.size() != rows)
    fail(Fault::data,
         fmt::format("{} has {}, array \"{}\" holds {}; expected as many", what, counted(values.rows, "row"),
                     format.time, counted(std::ssize(column.values), "time")));
  for (std::size_t i = 0; i < column.values.size(); ++i)
    if (!std::isfinite(column.values[i]))
      fail(Fault::data, fmt::format("{}: row {} of array \"{}\" is {}, expected a time", path, i + 1, format.time,
                                    column.values[i]));
  return named_columns(std::move(values), {column.values.begin(), column.values.end()}, without_time, what);
}

}  // namespace

StoredTrack read_table_track(const std::string& path, const TrackFormat& format) {
  return parse_table_track(read_regular_file(path), path, format);
}

StoredTrack parse_table_track(std::string_view bytes, const std::string& path, const TrackFormat& format) {
  const std::string name = lowercase(path);
  if (name.ends_with(".npy")) return named_columns(decode_npy(bytes, path), {}, format, path);
  if (name.ends_with(".npz")) return read_archive(bytes, path, format);
  const char separator = name.ends_with(".tsv") ? '\t' : csv_separator(without_mark(bytes));
  return TableReader(bytes, path, separator, format).read();
}

}  // namespace cutract
