#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "host/core/fields.h"
#include "host/core/text.h"

// Finds what a mistyped key was meant to be.
namespace cutract {
namespace {

constexpr std::size_t kLongestWord = 100;  // a longer word is not a typing error, and the distance costs its square
constexpr std::string_view kSaysNothing = "name";  // a key of many sections: by itself it does not show which is meant

std::string_view leaf_of(std::string_view name) {
  const auto dot = name.rfind('.');
  return dot == std::string_view::npos ? name : name.substr(dot + 1);
}

// Makes batch-size, batchSize and BATCH_SIZE the same word.
std::string canonical(std::string_view word) {
  std::string out;
  for (const char c : word)
    if (c != '_' && c != '-' && c != ' ') out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

bool names(const std::vector<std::string>& synonyms, const std::string& word) {
  return std::any_of(synonyms.begin(), synonyms.end(), [&](const std::string& s) { return canonical(s) == word; });
}

// Finds fields that have this name, or that other toolkits call by it.
std::vector<std::string> called(const FieldTable& table, std::string_view leaf) {
  const std::string word = canonical(leaf);
  std::vector<std::string> out;
  for (const auto& f : table.all())
    if ((word != kSaysNothing && canonical(leaf_of(f.name)) == word) || names(f.synonyms, word)) out.push_back(f.name);
  return out;
}

std::vector<std::string> only_in(const std::vector<std::string>& keys, std::string_view section) {
  std::vector<std::string> out;
  for (const auto& k : keys)
    if (section_of(k) == section) out.push_back(k);
  return out;
}

// Finds the field of this section whose name is nearest.
std::vector<std::string> typed_wrongly(const FieldTable& table, std::string_view section, std::string_view leaf) {
  std::vector<std::string> leaves;
  for (const auto& f : table.all())
    if (section_of(f.name) == section) leaves.emplace_back(leaf_of(f.name));
  const std::string near = did_you_mean(leaf, leaves);
  if (near.empty()) return {};
  return {section.empty() ? near : std::string(section) + "." + near};
}

// Finds the field of any section whose name is nearest, with a stricter limit because there are many of them.
std::vector<std::string> typed_wrongly_anywhere(const FieldTable& table, std::string_view leaf) {
  std::size_t least = leaf.size() / 3 + 1;
  std::vector<std::string> best;
  for (const auto& f : table.all()) {
    const std::string_view known = leaf_of(f.name);
    const std::size_t d = edit_distance(leaf, known);
    if (d >= least || known == kSaysNothing) continue;
    least = d;
    best = {f.name};
  }
  return best;
}

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t up = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1])});
      diagonal = up;
    }
  }
  return row[b.size()];
}

std::string did_you_mean(std::string_view word, std::span<const std::string> known) {
  if (word.size() > kLongestWord) return "";
  std::string best;
  std::size_t least = 1 + word.size() / 3;
  for (const auto& k : known) {
    if (k.size() > word.size() + least) continue;
    const std::size_t d = edit_distance(word, k);
    if (d > least || (d == least && !best.empty())) continue;
    least = d;
    best = k;
  }
  return best;
}

std::string not_one_of(std::string_view word, std::span<const std::string> known) {
  if (std::find(known.begin(), known.end(), word) != known.end()) return "";
  const std::string near = did_you_mean(word, known);
  return fmt::format("{} is not one of {}{}", quoted(shortened(word)), fmt::join(known, ", "),
                     near.empty() ? "" : " (did you mean \"" + near + "\"?)");
}

std::string section_like(const FieldTable& table, std::string_view name) {
  if (name.size() > kLongestWord) return "";
  const std::string word = canonical(leaf_of(name));
  std::vector<std::string> sections;
  for (const auto& s : table.sections()) {
    if (canonical(s.name) == word || names(s.synonyms, word)) return s.name;
    sections.push_back(s.name);
  }
  return did_you_mean(name, sections);
}

std::vector<std::string> keys_like(const FieldTable& table, std::string_view name) {
  if (name.size() > kLongestWord) return {};
  const std::string_view leaf = leaf_of(name);
  const std::string section(section_of(name));
  const std::string likely = table.has_section(section) ? section : section_like(table, section);
  const std::vector<std::string> same_name = called(table, leaf);
  if (auto here = only_in(same_name, likely); !here.empty()) return here;
  if (!same_name.empty()) return same_name;
  if (auto here = typed_wrongly(table, likely, leaf); !here.empty()) return here;
  return typed_wrongly_anywhere(table, leaf);
}

}  // namespace cutract
