#include "host/corpus/csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "host/core/error.h"
#include "host/core/text.h"

namespace cutract {
namespace {

constexpr std::size_t kMostColumns = 256, kLongestCell = 65536;

bool is_line_end(char c) { return c == '\n' || c == '\r'; }

}  // namespace

CsvReader::CsvReader(std::string_view text, std::string origin, char separator)
    : text_(without_mark(text)), origin_(std::move(origin)), separator_(separator) {
  if (const std::string wrong = wrong_encoding(text); !wrong.empty()) fail(Fault::data, origin_ + ": " + wrong);
}

std::string CsvReader::where() const { return fmt::format("{}:{}", origin_, line_); }

void CsvReader::refuse(const std::string& why) const { fail(Fault::data, where() + ": " + why); }

bool CsvReader::next() {
  do {
    if (at_ >= text_.size()) return false;
    line_ = next_line_;
    read_row();
  } while (cells_.size() == 1 && cells_.front().empty());  // a blank line
  return true;
}

void CsvReader::read_row() {
  pieces_.clear();
  scratch_.clear();
  const std::size_t begin = at_;
  for (;;) {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    pieces_.push_back(at_ < text_.size() && text_[at_] == '"' ? quoted_cell() : plain_cell());
    if (pieces_.back().size > kLongestCell)
      refuse(fmt::format("a cell has {} bytes, expected at most {}", pieces_.back().size, kLongestCell));
    if (at_ >= text_.size() || is_line_end(text_[at_])) break;
    ++at_;
    if (pieces_.size() == kMostColumns)
      refuse(fmt::format("has more than {} columns; a table has one row for each frame and one column for each channel",
                         kMostColumns));
  }
  const std::string_view row = text_.substr(begin, at_ - begin);
  if (row.find('\0') != std::string_view::npos) refuse("holds a zero byte; expected text");
  if (!is_utf8(row)) refuse("is not UTF-8; save the file as UTF-8 text");
  if (at_ < text_.size()) {
    at_ += text_.substr(at_).starts_with("\r\n") ? 2 : 1;
    ++next_line_;
  }
  cells_.clear();
  for (const Piece& p : pieces_)
    cells_.push_back((p.unquoted ? std::string_view(scratch_) : text_).substr(p.at, p.size));
}

bool CsvReader::at_end_of_cell() const {
  return at_ >= text_.size() || text_[at_] == separator_ || is_line_end(text_[at_]);
}

CsvReader::Piece CsvReader::plain_cell() {
  const std::size_t begin = at_;
  while (!at_end_of_cell()) ++at_;
  std::size_t end = at_;
  while (end > begin && text_[end - 1] == ' ') --end;
  return {begin, end - begin, false};
}

CsvReader::Piece CsvReader::quoted_cell() {
  const std::size_t begin = scratch_.size();
  for (++at_;; ++at_) {
    if (at_ >= text_.size()) refuse("a cell begins with a quotation mark and has no second one");
    const char c = text_[at_];
    if (c == '"' && !text_.substr(at_ + 1).starts_with('"')) break;
    if (c == '"') ++at_;
    if (c == '\n') ++next_line_;
    scratch_ += c;
  }
  ++at_;
  while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  if (!at_end_of_cell()) refuse("a quoted cell is followed by more text; write \"\" for a quotation mark in a cell");
  return {begin, scratch_.size() - begin, true};
}

char csv_separator(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of("\r\n"), text.size()));
  text = text.substr(0, text.find_first_of("\r\n"));
  constexpr std::string_view kSeparators = ",;\t";
  char best = ',';
  std::ptrdiff_t most = 0;
  bool quoted = false;
  std::ptrdiff_t counts[kSeparators.size()] = {};
  for (const char c : text) {
    if (c == '"') quoted = !quoted;
    const auto at = kSeparators.find(c);
    if (!quoted && at != std::string_view::npos) ++counts[at];
  }
  for (std::size_t i = 0; i < kSeparators.size(); ++i) {
    if (counts[i] <= most) continue;
    most = counts[i];
    best = kSeparators[i];
  }
  return best;
}

TsvTable parse_csv(std::string_view text, const std::string& origin, std::span<const std::string> required,
                   std::span<const std::string> optional, std::vector<std::string>& problems) {
  TsvTable table;
  try {
    CsvReader reader(text, origin, csv_separator(without_mark(text)));
    while (reader.next()) {
      std::vector<std::string> fields(reader.cells().begin(), reader.cells().end());
      add_fields(table, std::move(fields), {origin, reader.line()}, required, optional, problems);
    }
  } catch (const Error& e) { problems.emplace_back(e.what()); }
  if (table.columns.empty() && problems.empty())
    problems.push_back(fmt::format("{}:1: expected a header line of column names", origin));
  return table;
}

}  // namespace cutract
