#include "host/core/fields.h"

#include <fmt/format.h>

#include <toml++/toml.h>
#include <algorithm>
#include <cmath>
#include <fstream>

#include "host/core/error.h"
#include "host/core/text.h"

namespace cutract {
namespace {

// Further problems are counted but not shown: a file in a different format makes a problem of every line.
constexpr std::size_t kShown = 20;

bool unset(const Field& f) {
  const auto* v = std::get_if<std::optional<double>*>(&f.value);
  return v && !**v;
}

const char* type_name(const Field& f) {
  static constexpr const char* kNames[] = {"true or false", "an integer", "an integer",
                                           "a number",      "a string",   "a list of strings",
                                           "a number",      "a string",   "a string or a list of strings"};
  return kNames[f.value.index()];
}

bool no_upper_limit(const Field& f) { return f.hi >= 0x1p63; }

// Formats a value for a message.
std::string in_words(const toml::node& node) {
  if (const auto v = node.value_exact<std::string>()) return "the string " + quoted(shortened(*v));
  if (const auto v = node.value_exact<std::int64_t>()) return fmt::format("{}", *v);
  if (const auto v = node.value_exact<double>()) return float_text(*v);
  if (const auto v = node.value_exact<bool>()) return *v ? "true" : "false";
  if (node.is_array()) return "a list";
  return node.is_table() ? "a table" : "a date or time";
}

// Says what to do about a value of the wrong type, where that is clear.
std::string remedy(const Field& f, const toml::node& node) {
  const bool wants_integer = std::holds_alternative<int*>(f.value) || std::holds_alternative<std::int64_t*>(f.value);
  const auto real = node.value_exact<double>();
  if (wants_integer && real && *real == std::floor(*real) && std::abs(*real) < 1e15)
    return fmt::format("; write {:.0f}", *real);
  const auto text = node.value_exact<std::string>();
  if (!text || text->empty() || std::holds_alternative<std::vector<std::string>*>(f.value)) return "";
  const bool is_bool = *text == "true" || *text == "false";
  const bool is_number = text->find_first_not_of("0123456789.+-eE") == std::string::npos;
  const bool wants_bool = std::holds_alternative<bool*>(f.value);
  return (wants_bool ? is_bool : is_number) ? "; remove the quotes" : "";
}

std::string wrong_type(const Field& f, const toml::node& node) {
  return fmt::format("{}: expected {}, got {}{}", f.name, type_name(f), in_words(node), remedy(f, node));
}

std::string out_of_range(const Field& f, const std::string& value, bool too_low) {
  if (too_low && no_upper_limit(f))
    return fmt::format("{} = {} is less than {} ({})", f.name, value, number_text(f.lo), f.help);
  return fmt::format("{} = {} is outside [{}, {}] ({})", f.name, value, number_text(f.lo), number_text(f.hi), f.help);
}

std::string set(const Field& f, const toml::node& node, bool& out) {
  const auto v = node.value_exact<bool>();
  if (!v) return wrong_type(f, node);
  out = *v;
  return "";
}

std::string set(const Field& f, const toml::node& node, std::string& out) {
  const auto v = node.value_exact<std::string>();
  if (!v) return wrong_type(f, node);
  if (!is_utf8(*v))
    return fmt::format("{} = \"{}\" is not UTF-8; rename what it names, or link to it under another name", f.name,
                       shortened(*v));
  if (!f.choices.empty())
    if (const std::string wrong = not_one_of(*v, f.choices); !wrong.empty())
      return fmt::format("{} = {}", f.name, wrong);
  out = *v;
  return "";
}

std::string set(const Field& f, const toml::node& node, const EnumMember& out) {
  std::string name;
  std::string bad = set(f, node, name);
  if (bad.empty()) out.set(name);
  return bad;
}

std::string set(const Field& f, const toml::node& node, std::vector<std::string>& out) {
  const toml::array* list = node.as_array();
  if (!list) return wrong_type(f, node);
  std::vector<std::string> items;
  for (const auto& item : *list) {
    const auto v = item.value_exact<std::string>();
    if (!v) return fmt::format("{}: expected a list of strings, got {} in it", f.name, in_words(item));
    items.push_back(*v);
  }
  out = std::move(items);
  return "";
}

std::string set(const Field& f, const toml::node& node, double& out) {
  const auto v = node.value<double>();  // an integer is a number too
  if (!v || node.is_boolean()) return wrong_type(f, node);
  if (!(*v >= f.lo && *v <= f.hi)) return out_of_range(f, number_text(*v), *v < f.lo);
  out = *v;
  return "";
}

std::string set(const Field& f, const toml::node& node, std::optional<double>& out) {
  double v = 0;
  std::string bad = set(f, node, v);
  if (bad.empty()) out = v;
  return bad;
}

template <class Integer>
std::string set_integer(const Field& f, const toml::node& node, Integer& out) {
  const auto v = node.value_exact<std::int64_t>();
  if (!v) return wrong_type(f, node);
  // Compares integers as integers: as a double, 2^53 + 1 equals 2^53.
  const bool too_low = *v < static_cast<std::int64_t>(f.lo);
  const bool too_high = !no_upper_limit(f) && *v > static_cast<std::int64_t>(f.hi);
  if (too_low || too_high) return out_of_range(f, fmt::format("{}", *v), too_low);
  out = static_cast<Integer>(*v);
  return "";
}
std::string set(const Field& f, const toml::node& node, int& out) { return set_integer(f, node, out); }
std::string set(const Field& f, const toml::node& node, std::int64_t& out) { return set_integer(f, node, out); }

std::string set(const Field& f, const toml::node& node, const TextsMember& out) {
  std::vector<std::string> texts;
  if (const auto one = node.value_exact<std::string>())
    texts = {*one};
  else if (std::string bad = set(f, node, texts); !bad.empty())
    return bad;
  try {
    out.set(texts);
    return "";
  } catch (const Error& e) { return e.what(); }
}

// Whether --set takes a bare word for the field, which is then not parsed as TOML.
bool takes_bare_text(const Field& f, const std::string& value) {
  if (value.starts_with("\"")) return false;
  if (std::holds_alternative<TextsMember>(f.value)) return !value.starts_with("[");
  return std::holds_alternative<std::string*>(f.value) || std::holds_alternative<EnumMember>(f.value);
}

// Returns "" if the value was set, otherwise what is wrong.
std::string assign(const Field& f, const toml::node& node) {
  return std::visit(
      [&](const auto& out) {
        if constexpr (std::is_pointer_v<std::remove_cvref_t<decltype(out)>>)
          return set(f, node, *out);
        else
          return set(f, node, out);
      },
      f.value);
}

std::string or_list(const std::vector<std::string>& keys) {
  std::vector<std::string> all;
  all.reserve(keys.size());
  for (const auto& k : keys) all.push_back("\"" + k + "\"");
  return fmt::format("{}", fmt::join(all, " or "));
}

// `table_given`: the key has keys of its own, so it may be a section.
std::string unknown(const FieldTable& table, const std::string& name, bool table_given) {
  if (table.has_section(name)) return fmt::format("{0}: expected a table of settings, written [{0}]", name);
  const std::string near_section = section_like(table, name);
  if (table_given && !near_section.empty())
    return fmt::format("unknown section \"{}\" (did you mean \"{}\"?)", shortened(name), near_section);
  std::vector<std::string> near = keys_like(table, name);
  const std::string in(section_of(name));
  if (near.empty() && !near_section.empty() && !table.has_section(in)) near = {near_section};
  const std::string what = fmt::format("unknown {} \"{}\"", table_given ? "section" : "key", shortened(name));
  if (!near.empty()) return fmt::format("{} (did you mean {}?)", what, or_list(near));
  if (!table.has_section(in)) return what + "; `cutract help config` lists them all";
  return fmt::format("{}; `cutract help config {}` lists that section", what, in);
}

// A mistake and its place. The text for an unknown key is made when it is shown, since the search for what was meant
// takes time.
struct Problem {
  std::uint32_t line = 0, column = 0;  // 0: from --set
  std::string text, unknown_key;
  bool table_given = false;
};

void fill(const FieldTable& table, const toml::table& from, const std::string& prefix, std::vector<Problem>& problems) {
  for (auto&& [key, node] : from) {
    const std::string name = prefix + std::string(key.str());
    if (const Field* f = table.find(name)) {
      const auto at = node.source().begin;
      if (auto bad = assign(*f, node); !bad.empty()) problems.push_back({at.line, at.column, bad, "", false});
    } else if (node.is_table() && table.has_section(name)) {
      fill(table, *node.as_table(), name + ".", problems);
    } else {
      const auto at = key.source().begin;
      problems.push_back({at.line, at.column, "", name, node.is_table()});
    }
  }
}

// Throws Error{config} if there are any mistakes.
void report(const FieldTable& table, std::vector<Problem> problems, const std::string& origin) {
  if (problems.empty()) return;
  const auto place = [](const Problem& p) {
    return p.line == 0 ? std::pair(UINT32_MAX, 0u) : std::pair(p.line, p.column);
  };
  std::stable_sort(problems.begin(), problems.end(),
                   [&](const Problem& a, const Problem& b) { return place(a) < place(b); });
  std::string out;
  for (std::size_t i = 0; i < std::min(problems.size(), kShown); ++i) {
    const Problem& p = problems[i];
    if (i > 0) out += "\n";
    const std::string at = p.line > 0 ? fmt::format("{}:{}:{}: ", origin, p.line, p.column) : "";
    out += at;
    for (const char c : p.text) {
      out += c;
      if (c == '\n') out += at;  // a setting that is a list may have several mistakes
    }
    if (!p.unknown_key.empty()) out += unknown(table, p.unknown_key, p.table_given);
  }
  if (problems.size() > kShown)
    out += fmt::format("\n{}: {} not shown", origin.empty() ? "--set" : origin,
                       counted(static_cast<std::int64_t>(problems.size() - kShown), "more mistake"));
  fail(Fault::config, out);
}

// "model.hidden=128": the setting of that name with its value; if there is none, another one, preferably a number,
// which needs no quotes in any shell.
std::string example_assignment(const FieldTable& table, const std::string& name) {
  if (const Field* f = table.find(name)) return name + "=" + value_text(*f);
  const std::span<const Field> all = table.all();
  const auto number =
      std::find_if(all.begin(), all.end(), [](const Field& f) { return std::holds_alternative<int*>(f.value); });
  const Field& f = number == all.end() ? all.front() : *number;
  return f.name + "=" + value_text(f);
}

}  // namespace

std::string float_text(double v) {
  const std::string text = fmt::format("{}", v);
  return text.find_first_of(".en") == std::string::npos ? text + ".0" : text;
}

std::string assign_text(const FieldTable& table, const std::string& text) {
  const auto eq = text.find('=');
  if (eq == std::string::npos || eq == 0)
    return fmt::format("expected name=value, e.g. --set {}", example_assignment(table, text));
  const std::string name = text.substr(0, eq), value = text.substr(eq + 1);
  const Field* f = table.find(name);
  if (!f) return unknown(table, name, false);
  if (takes_bare_text(*f, value)) return assign(*f, toml::value<std::string>(value));
  if (!toml_problem("v = " + value).empty()) return fmt::format("expected {}", type_name(*f));
  try {
    const toml::table parsed = toml::parse("v = " + value);
    if (parsed.size() != 1) return "expected one value; repeat --set for another setting";
    return assign(*f, *parsed.get("v"));
  } catch (const toml::parse_error&) { return fmt::format("expected {}", type_name(*f)); }
}

std::string quoted(std::string_view s) {
  std::string out = "\"";
  for (const char c : s) {
    if (c == '"' || c == '\\')
      out += fmt::format("\\{}", c);
    else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      out += fmt::format("\\u{:04X}", static_cast<unsigned>(c));
    else
      out += c;
  }
  return out + "\"";
}

std::string_view section_of(std::string_view name) {
  const auto dot = name.rfind('.');
  return dot == std::string_view::npos ? "" : name.substr(0, dot);
}

static std::string list_text(const std::vector<std::string>& texts) {
  std::string out = "[";
  for (const auto& s : texts) out += (out.size() > 1 ? ", " : "") + quoted(s);
  return out + "]";
}

std::string value_text(const Field& f) {
  return std::visit(
      [](const auto& v) -> std::string {
        using T = std::remove_pointer_t<std::remove_cvref_t<decltype(v)>>;
        if constexpr (std::is_same_v<T, EnumMember>)
          return quoted(v.name());
        else if constexpr (std::is_same_v<T, bool>)
          return *v ? "true" : "false";
        else if constexpr (std::is_same_v<T, std::string>)
          return quoted(*v);
        else if constexpr (std::is_same_v<T, std::vector<std::string>>) {
          return list_text(*v);
        } else if constexpr (std::is_same_v<T, TextsMember>) {
          const std::vector<std::string> texts = v.get();
          return texts.size() == 1 ? quoted(texts[0]) : list_text(texts);
        } else if constexpr (std::is_same_v<T, double>) {
          return float_text(*v);
        } else if constexpr (std::is_same_v<T, std::optional<double>>) {
          return *v ? float_text(**v) : "unset";
        } else
          return fmt::format("{}", *v);
      },
      f.value);
}

void FieldTable::add(Field f) {
  if (const std::string in(section_of(f.name)); !in.empty() && !has_section(in)) sections_.push_back({in});
  fields_.push_back(std::move(f));
}

const Field* FieldTable::find(std::string_view name) const {
  const auto it = std::find_if(fields_.begin(), fields_.end(), [&](const Field& f) { return f.name == name; });
  return it == fields_.end() ? nullptr : &*it;
}

bool FieldTable::has_section(std::string_view name) const {
  return std::any_of(sections_.begin(), sections_.end(), [&](const Section& s) { return s.name == name; });
}

void FieldTable::synonyms(std::string_view name, const std::vector<std::string>& words) {
  for (auto& f : fields_)
    if (f.name == name) f.synonyms = words;
  for (auto& s : sections_)
    if (s.name == name) s.synonyms = words;
}

void parse_config(const FieldTable& table, std::string_view text, const std::string& origin,
                  std::span<const std::string> assignments) {
  std::vector<Problem> problems;
  if (const std::string wrong = wrong_encoding(text); !wrong.empty()) fail(Fault::config, origin + ": " + wrong);
  text = without_mark(text);
  if (const std::string wrong = toml_problem(text); !wrong.empty()) fail(Fault::config, origin + ":" + wrong);
  try {
    fill(table, toml::parse(text, std::string_view(origin)), "", problems);
  } catch (const toml::parse_error& e) {
    const auto at = e.source().begin;
    problems.push_back({at.line, at.column, std::string(e.description()), "", false});
  }
  for (const auto& a : assignments)
    if (const std::string bad = assign_text(table, a); !bad.empty())
      problems.push_back({0, 0, "--set " + shortened(a) + ": " + bad, "", false});
  report(table, std::move(problems), origin);
}

std::string config_text(const std::string& path) {
  std::string text;
  if (path.empty()) return text;
  std::ifstream in(path, std::ios::binary);
  char block[4096];
  while (in.read(block, sizeof block), in.gcount() > 0) text.append(block, static_cast<std::size_t>(in.gcount()));
  if (!in.is_open() || in.bad()) fail(Fault::io, path + ": cannot read the config file; check the path given to -c");
  return text;
}

void read_config(const FieldTable& table, const std::string& path, std::span<const std::string> assignments) {
  parse_config(table, config_text(path), path, assignments);
}

std::string write_config(const FieldTable& table) {
  std::string out, section;
  for (const auto& f : table.all()) {
    if (unset(f)) continue;
    const std::string in(section_of(f.name));
    if (in != section) out += fmt::format("{}[{}]\n", out.empty() ? "" : "\n", in);
    section = in;
    out += fmt::format("{} = {}\n", f.name.substr(in.empty() ? 0 : in.size() + 1), value_text(f));
  }
  return out;
}

}  // namespace cutract
