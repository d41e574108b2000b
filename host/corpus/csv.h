#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/corpus/tsv.h"

namespace cutract {

// Reads a table of separated cells row by row, with a memory of one row. Cells may be quoted ("a ""b"""), spaces around
// a cell are dropped, and CRLF, CR, a byte order mark and blank lines are accepted. Throws Error{data}, as
// "origin:line: what", for text that is not UTF-8, a quoted cell without an end, more than 256 columns, or a cell of
// more than 64 KiB. Keeps a view of the text.
class CsvReader {
 public:
  CsvReader(std::string_view text, std::string origin, char separator);

  bool next();                                                        // reads the next row; false at the end
  int line() const { return line_; }                                  // where the row begins, from 1
  std::span<const std::string_view> cells() const { return cells_; }  // valid until the next row
  std::string where() const;                                          // "origin:line"

 private:
  struct Piece {
    std::size_t at, size;
    bool unquoted;  // in scratch_
  };
  void read_row();
  Piece plain_cell();
  Piece quoted_cell();
  bool at_end_of_cell() const;
  [[noreturn]] void refuse(const std::string& why) const;

  std::string_view text_;
  std::string origin_;
  char separator_;
  std::size_t at_ = 0;
  int line_ = 0, next_line_ = 1;
  std::string scratch_;  // quoted cells without their quotes
  std::vector<Piece> pieces_;
  std::vector<std::string_view> cells_;
};

// Returns the separator of a table by its first line: a tab, a semicolon or a comma, whichever it has most of.
char csv_separator(std::string_view text);

// Reads a table of text as parse_tsv does, with any separator and with quoted cells.
TsvTable parse_csv(std::string_view text, const std::string& origin, std::span<const std::string> required,
                   std::span<const std::string> optional, std::vector<std::string>& problems);

}  // namespace cutract
