#include "host/corpus/tsv.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "host/core/fields.h"

namespace cutract {
namespace {

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

void check_columns(const std::vector<std::string>& columns, const std::string& where,
                   std::span<const std::string> required, std::span<const std::string> optional,
                   std::vector<std::string>& problems) {
  std::vector<std::string> known(required.begin(), required.end());
  known.insert(known.end(), optional.begin(), optional.end());
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (has(std::span(columns).first(i), columns[i])) {
      problems.push_back(fmt::format("{}: column \"{}\" occurs twice", where, columns[i]));
    } else if (!has(known, columns[i])) {
      const std::string near = did_you_mean(columns[i], known);
      problems.push_back(fmt::format("{}: unknown column \"{}\"{}", where, columns[i],
                                     near.empty() ? fmt::format(", expected some of {}", fmt::join(known, ", "))
                                                  : fmt::format(" (did you mean \"{}\"?)", near)));
    }
  }
  for (const auto& name : required)
    if (!has(columns, name)) problems.push_back(fmt::format("{}: column \"{}\" is missing", where, name));
}

// Names become keys of JSON and of safetensors headers, which are UTF-8. Overlong forms and surrogates are refused.
bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = [&](std::size_t k) { return static_cast<unsigned char>(text[k]); };
    const unsigned char first = byte(i);
    const std::size_t more = first < 0x80                    ? 0
                             : first >= 0xC2 && first < 0xE0 ? 1
                             : (first & 0xF0) == 0xE0        ? 2
                             : first >= 0xF0 && first < 0xF5 ? 3
                                                             : 9;
    if (more > 3 || i + more >= text.size()) return false;
    for (std::size_t k = 1; k <= more; ++k)
      if ((byte(i + k) & 0xC0) != 0x80) return false;
    if ((first == 0xE0 && byte(i + 1) < 0xA0) || (first == 0xED && byte(i + 1) >= 0xA0) ||
        (first == 0xF0 && byte(i + 1) < 0x90) || (first == 0xF4 && byte(i + 1) >= 0x90))
      return false;
    i += more + 1;
  }
  return true;
}

}  // namespace

const std::string& TsvTable::at(const Row& row, std::string_view column) const {
  static const std::string none;
  const auto it = std::find(columns.begin(), columns.end(), column);
  return it == columns.end() ? none : row.fields[static_cast<std::size_t>(it - columns.begin())];
}

TsvTable parse_tsv(std::string_view text, const std::string& origin, std::span<const std::string> required,
                   std::span<const std::string> optional, std::vector<std::string>& problems) {
  TsvTable table;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
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
    } else if (table.columns.empty()) {
      check_columns(fields, where, required, optional, problems);
      table.columns = std::move(fields);
    } else if (fields.size() != table.columns.size()) {
      problems.push_back(fmt::format("{}: has {} fields, expected {} as in the header line", where, fields.size(),
                                     table.columns.size()));
    } else {
      table.rows.push_back({line, std::move(fields)});
    }
  }
  if (table.columns.empty()) problems.push_back(fmt::format("{}:1: expected a header line of column names", origin));
  return table;
}

}  // namespace cutract
