#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cutract {

// A table of tab-separated fields with a header line. There is no quoting; CRLF, a byte order mark and blank lines
// pass.
struct TsvTable {
  struct Row {
    int line = 0;  // in the file, from 1
    std::vector<std::string> fields;
  };
  std::vector<std::string> columns;
  std::vector<Row> rows;  // only those with a field for every column

  // The field of that column, "" if the table has no such column.
  const std::string& at(const Row&, std::string_view column) const;
};

// Reads a table; what is wrong with its header and its lines is added to `problems` as "origin:line: what". Every
// required column must be there. A column in neither list is kept, unless its name looks like a misspelling of one in
// a list that is not there. At most 256 columns, and 64 KiB a field.
TsvTable parse_tsv(std::string_view text, const std::string& origin, std::span<const std::string> required,
                   std::span<const std::string> optional, std::vector<std::string>& problems);

}  // namespace cutract
