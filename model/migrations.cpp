#include "model/migrations.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>
#include <utility>

namespace cutract {
namespace {

// A line of the text, and the section that it is in. Lines without a key are kept as they are.
struct Line {
  std::string section, key, text;  // text: the value, or the whole line
};

std::string trimmed(const std::string& s) {
  const auto first = s.find_first_not_of(" \t\r");
  return first == std::string::npos ? "" : s.substr(first, s.find_last_not_of(" \t\r") - first + 1);
}

// Reads what write_config writes: sections, and settings of one line each.
std::vector<Line> lines_of(const std::string& text) {
  std::vector<Line> out;
  std::string section;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    const std::string words = trimmed(line);
    if (words.empty()) continue;
    const auto equals = words.find('=');
    if (words.front() == '[' && words.back() == ']')
      section = words.substr(1, words.size() - 2);
    else if (words.front() == '#' || equals == std::string::npos)
      out.push_back({section, "", line});
    else
      out.push_back({section, trimmed(words.substr(0, equals)), trimmed(words.substr(equals + 1))});
  }
  return out;
}

std::string full_name(const Line& line) { return line.section.empty() ? line.key : line.section + "." + line.key; }

Line line_of(const StoredSetting& s) {
  const auto dot = s.key.rfind('.');
  if (dot == std::string::npos) return {"", s.key, s.value};
  return {s.key.substr(0, dot), s.key.substr(dot + 1), s.value};
}

// Applies one row. Returns whether the text has its key.
bool apply(const Migration& row, std::vector<Line>& lines) {
  std::vector<Line> out;
  bool found = false;
  for (Line& line : lines) {
    if (line.key.empty() || full_name(line) != row.was) {
      out.push_back(std::move(line));
      continue;
    }
    found = true;
    for (const StoredSetting& s : row.becomes(line.text)) out.push_back(line_of(s));
  }
  lines = std::move(out);
  return found;
}

// Writes each section once, in the order of their first lines; settings without a section come first.
std::string text_of(const std::vector<Line>& lines) {
  std::vector<std::string> sections{""};
  for (const Line& line : lines)
    if (std::find(sections.begin(), sections.end(), line.section) == sections.end()) sections.push_back(line.section);
  std::string out;
  for (const std::string& section : sections) {
    if (!section.empty()) out += fmt::format("{}[{}]\n", out.empty() ? "" : "\n", section);
    for (const Line& line : lines) {
      if (line.section != section) continue;
      out += line.key.empty() ? line.text + "\n" : fmt::format("{} = {}\n", line.key, line.text);
    }
  }
  return out;
}

}  // namespace

std::function<std::vector<StoredSetting>(const std::string&)> renamed_to(std::string key) {
  return [key = std::move(key)](const std::string& value) { return std::vector<StoredSetting>{{key, value}}; };
}

std::span<const Migration> migrations() {
  static const std::vector<Migration> kRows{};
  return kRows;
}

std::string migrated(const std::string& text, int version, std::span<const Migration> rows) {
  std::vector<Line> lines = lines_of(text);
  bool changed = false;
  for (const Migration& row : rows) {
    if (row.version <= version) continue;
    const bool found = apply(row, lines);
    changed = changed || found;
  }
  return changed ? text_of(lines) : text;
}

}  // namespace cutract
