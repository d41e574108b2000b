#include "host/core/entry.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "host/core/error.h"
#include "host/core/text.h"

namespace cutract {
namespace {

constexpr const char* kSpaces = " \t\r\n";

// Divides at spaces that are not within double quotes.
std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> out;
  bool quoted = false, within = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (!quoted && std::string_view(kSpaces).find(c) != std::string_view::npos) {
      within = false;
      continue;
    }
    if (!within) out.emplace_back();
    within = true;
    if (c == '"') quoted = !quoted;
    out.back() += c;
    if (quoted && c == '\\' && i + 1 < text.size()) out.back() += text[++i];
  }
  return out;
}

// Returns "" if the option was set, otherwise what is wrong with it.
std::string set_option(const FieldTable& table, const std::string& word, std::vector<std::string>& given) {
  const auto eq = word.find('=');
  std::vector<std::string> known;
  for (const Field& f : table.all()) known.push_back(f.name);
  if (eq == std::string::npos || eq == 0)
    return fmt::format("\"{}\" is not an option, expected name=value, e.g. {}={}", shortened(word), known.front(),
                       value_text(table.all().front()));
  const std::string name = word.substr(0, eq);
  if (!table.find(name)) {
    const std::string near = did_you_mean(name, known);
    return fmt::format("unknown option \"{}\"{}", shortened(name),
                       near.empty() ? fmt::format("; the options are {}", fmt::join(known, ", "))
                                    : fmt::format(" (did you mean \"{}\"?)", near));
  }
  if (std::find(given.begin(), given.end(), name) != given.end())
    return fmt::format("option \"{}\" is given twice, expected once", name);
  given.push_back(name);
  return assign_text(table, word);
}

}  // namespace

Entry parse_entry(const std::string& text, const std::string& origin) {
  const auto from = text.find_first_not_of(kSpaces);
  if (from == std::string::npos) fail(Fault::config, origin + ": is empty, expected a name and options");
  const auto end = std::min(text.find_first_of(kSpaces, from), text.size());
  const auto rest = std::min(text.find_first_not_of(kSpaces, end), text.size());
  return {text.substr(from, end - from), text.substr(rest)};
}

void read_options(const FieldTable& table, std::string_view options, const std::string& origin) {
  std::vector<std::string> given;
  std::string mistakes;
  for (const std::string& word : words_of(options))
    if (const std::string bad = set_option(table, word, given); !bad.empty())
      mistakes += fmt::format("{}{}: {}", mistakes.empty() ? "" : "\n", origin, bad);
  if (!mistakes.empty()) fail(Fault::config, mistakes);
}

std::string write_options(const FieldTable& table) {
  std::string out;
  for (const Field& f : table.all()) {
    std::string text = value_text(f);
    const bool is_text = text.size() > 2 && text.front() == '"';
    if (is_text && text.find_first_of(" \"\\", 1) == text.size() - 1) text = text.substr(1, text.size() - 2);
    out += fmt::format(" {}={}", f.name, text);
  }
  return out;
}

std::string describe_options(const FieldTable& table) {
  std::string out;
  for (const Field& f : table.all())
    out += fmt::format("{}{} ({}{}; default {})", out.empty() ? "" : ", ", f.name, f.help,
                       f.choices.empty() ? "" : fmt::format(": {}", fmt::join(f.choices, ", ")), value_text(f));
  return out;
}

}  // namespace cutract
