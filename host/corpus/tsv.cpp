#include "host/corpus/tsv.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "host/core/fields.h"
#include "host/core/text.h"

namespace cutract {
namespace {

constexpr std::size_t kMostColumns = 256, kLongestField = 65536;

std::vector<std::string> split_fields(std::string_view line) {
  std::vector<std::string> fields;
  for (;;) {
    const auto tab = line.find('\t');
    fields.emplace_back(line.substr(0, tab));
    if (tab == std::string_view::npos) return fields;
    line.remove_prefix(tab + 1);
  }
}

bool has(std::span<const std::string> names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

// "sex" is not "text", so short names must be closer.
std::string misspelt(const std::string& name, std::span<const std::string> known) {
  const std::string small = lowercase(name);
  for (const auto& k : known)
    if (small == k || k.starts_with(small + "_")) return k;
  const std::string near = did_you_mean(small, known);
  return !near.empty() && edit_distance(small, near) <= 1 + small.size() / 6 ? near : "";
}

namespace {

// Columns with unknown names are the user's own. But a misspelling of a column that is missing would be ignored
// silently, so it is refused.
void check_columns(const std::vector<std::string>& columns, const std::string& where,
                   std::span<const std::string> required, std::span<const std::string> optional,
                   std::vector<std::string>& problems) {
  if (columns.size() > kMostColumns) {
    problems.push_back(fmt::format("{}: has {} columns, expected at most {}", where, columns.size(), kMostColumns));
    return;
  }
  std::vector<std::string> known(required.begin(), required.end());
  known.insert(known.end(), optional.begin(), optional.end());
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].empty()) {
      problems.push_back(fmt::format("{}: column {} has no name", where, i + 1));
    } else if (has(std::span(columns).first(i), columns[i])) {
      problems.push_back(fmt::format("{}: duplicate column \"{}\"", where, shortened(columns[i])));
    } else if (!has(known, columns[i])) {
      const std::string near = misspelt(columns[i], known);
      if (!near.empty() && !has(columns, near))
        problems.push_back(fmt::format("{}: unknown column \"{}\" (did you mean \"{}\"?)", where, columns[i], near));
    }
  }
  for (const auto& name : required)
    if (!has(columns, name)) problems.push_back(fmt::format("{}: column \"{}\" is missing", where, name));
}

// Returns "" if every field may be in a table.
std::string too_long(const std::vector<std::string>& fields) {
  for (const auto& f : fields)
    if (f.size() > kLongestField)
      return fmt::format("field \"{}\" has {} bytes, expected at most {}", shortened(f), f.size(), kLongestField);
  return "";
}

// Says what separates the columns of a header line in place of tabs; nullptr if it has tabs, or is not a header line.
const char* other_separator(const std::vector<std::string>& fields, std::span<const std::string> required) {
  if (fields.size() != 1 || required.size() < 2) return nullptr;
  constexpr std::pair<std::string_view, const char*> kOthers[] = {
      {",", "commas"}, {";", "semicolons"}, {" ", "spaces"}};
  for (const auto& [separators, name] : kOthers) {
    std::string_view rest = fields.front();
    std::size_t found = 0;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find_first_of(separators), rest.size());
      const std::string word(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
      if (has(required, word)) ++found;
    }
    if (found >= 2) return name;
  }
  return nullptr;
}

}  // namespace

const std::string& TsvTable::at(const Row& row, std::string_view column) const {
  static const std::string none;
  const auto it = std::find(columns.begin(), columns.end(), column);
  return it == columns.end() ? none : row.fields[static_cast<std::size_t>(it - columns.begin())];
}

bool names_a_file(const std::string& id) {
  return id != "." && id != ".." &&
         std::none_of(id.begin(), id.end(), [](char c) { return c == '/' || (c >= 0 && c < ' '); });
}

void add_fields(TsvTable& table, std::vector<std::string> fields, const TableLine& at,
                std::span<const std::string> required, std::span<const std::string> optional,
                std::vector<std::string>& problems) {
  const std::string where = fmt::format("{}:{}", at.origin, at.line);
  if (table.columns.empty()) {
    check_columns(fields, where, required, optional, problems);
    table.columns = std::move(fields);
  } else if (fields.size() != table.columns.size()) {
    problems.push_back(fmt::format("{}: has {}, expected {} as in the header line", where,
                                   counted(std::ssize(fields), "field"), table.columns.size()));
  } else {
    table.rows.push_back({at.line, std::move(fields)});
  }
}

TsvTable parse_tsv(std::string_view text, const std::string& origin, std::span<const std::string> required,
                   std::span<const std::string> optional, std::vector<std::string>& problems) {
  TsvTable table;
  if (const std::string wrong = wrong_encoding(text); !wrong.empty()) {
    problems.push_back(origin + ": " + wrong);
    return table;
  }
  text = without_mark(text);
  for (int line = 1; !text.empty(); ++line) {
    const auto end = text.find('\n');
    std::string_view content = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (content.ends_with('\r')) content.remove_suffix(1);
    if (content.empty()) continue;
    const std::string where = fmt::format("{}:{}", origin, line);
    std::vector<std::string> fields = split_fields(content);
    if (content.find('\0') != std::string_view::npos) {
      problems.push_back(where + ": holds a zero byte; expected text");
    } else if (!is_utf8(content)) {
      problems.push_back(where + ": is not UTF-8; save the file as UTF-8 text");
    } else if (const std::string wrong = too_long(fields); !wrong.empty()) {
      problems.push_back(where + ": " + wrong);
    } else if (const char* others = table.columns.empty() ? other_separator(fields, required) : nullptr) {
      problems.push_back(fmt::format("{}: its columns are separated by {}, expected tabs", where, others));
      return table;
    } else {
      add_fields(table, std::move(fields), {origin, line}, required, optional, problems);
    }
  }
  if (table.columns.empty()) problems.push_back(fmt::format("{}:1: expected a header line of column names", origin));
  return table;
}

}  // namespace cutract
