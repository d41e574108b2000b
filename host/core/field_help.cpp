#include <fmt/format.h>

#include "host/core/error.h"
#include "host/core/fields.h"
#include "host/core/text.h"

namespace cutract {
namespace {

// Describes the values that a field accepts.
std::string allowed(const Field& f) {
  if (!f.choices.empty()) return fmt::format(" ({})", fmt::join(f.choices, ", "));
  if (std::holds_alternative<bool*>(f.value)) return " (true, false)";
  if (f.hi <= f.lo) return "";
  if (f.hi >= 0x1p63) return fmt::format(" [{} or more]", number_text(f.lo));
  return fmt::format(" [{} to {}]", number_text(f.lo), number_text(f.hi));
}

bool is_about(const Field& f, std::string_view subject) {
  return subject.empty() || f.name == subject || section_of(f.name) == subject;
}

void expect_subject(const FieldTable& table, const std::string& subject) {
  if (subject.empty() || table.has_section(subject) || table.find(subject) != nullptr) return;
  std::vector<std::string> near;
  if (const std::string section = section_like(table, subject); !section.empty()) near.push_back(section);
  for (const auto& key : keys_like(table, subject)) near.push_back(key);
  std::string hint = "; `cutract help config` lists them all";
  if (!near.empty()) hint = fmt::format(" (did you mean \"{}\"?)", fmt::join(near, "\" or \""));
  fail(Fault::usage, fmt::format("help config: unknown section or setting \"{}\"{}", shortened(subject), hint));
}

}  // namespace

std::string help_config(const FieldTable& table, int columns, std::string_view subject) {
  const bool bracketed = subject.starts_with("[") && subject.ends_with("]");
  const std::string about(bracketed ? subject.substr(1, subject.size() - 2) : subject);
  expect_subject(table, about);
  const auto width = static_cast<std::size_t>(columns);
  std::string out;
  std::string section;
  for (const auto& f : table.all()) {
    if (!is_about(f, about)) continue;
    const std::string in(section_of(f.name));
    if (in != section) out += fmt::format("{}[{}]\n", out.empty() ? "" : "\n", in);
    section = in;
    out += wrapped(fmt::format("{} = {}", f.name, value_text(f)), 2, width);
    out += wrapped(f.help + allowed(f), 6, width);
  }
  return out;
}

}  // namespace cutract
