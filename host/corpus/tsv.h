#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cutract {

// A table of tab-separated fields with a header line. There is no quoting; CRLF, a byte order mark and blank lines are
// accepted.
struct TsvTable {
  struct Row {
    int line = 0;  // in the file, from 1
    std::vector<std::string> fields;
  };
  std::vector<std::string> columns;
  std::vector<Row> rows;  // only those with a field for every column

  // Returns the field of that column, or "" if the table has no such column.
  const std::string& at(const Row&, std::string_view column) const;
};

// Whether an id can be part of the names of files. It must not be a path, nor hold control characters.
bool names_a_file(const std::string& id);

// Returns the known column that `name` is most likely a misspelling of: different capitals, a prefix such as "start" of
// start_s, or a few letters off. Returns "" if it is a name of its own.
std::string misspelt(const std::string& name, std::span<const std::string> known);

// Adds the fields of one line: the first line names the columns, every other one becomes a row. Problems are added to
// `problems` as "origin:line: what".
struct TableLine {
  const std::string& origin;
  int line;
};
void add_fields(TsvTable&, std::vector<std::string> fields, const TableLine&, std::span<const std::string> required,
                std::span<const std::string> optional, std::vector<std::string>& problems);

// Reads a table. Problems in its header and its lines are added to `problems` as "origin:line: what". Every required
// column must be present. A column in neither list is kept, unless its name looks like a misspelling of a listed column
// that is missing. The limits are 256 columns, and 64 KiB per field.
TsvTable parse_tsv(std::string_view text, const std::string& origin, std::span<const std::string> required,
                   std::span<const std::string> optional, std::vector<std::string>& problems);

}  // namespace cutract
