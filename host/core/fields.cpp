#include "host/core/fields.h"

#include <fmt/format.h>

#include <toml++/toml.h>
#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>

#include "host/core/error.h"
#include "host/core/text.h"

namespace cutract {
namespace {

std::string number(double v) {
  if (v == std::floor(v) && std::abs(v) < 1e15) return fmt::format("{:.0f}", v);
  return fmt::format("{}", v);
}

// A number with a decimal point or an exponent, as TOML wants it for a float.
std::string real_text(double v) {
  const std::string s = fmt::format("{}", v);
  return s.find_first_of(".en") == std::string::npos ? s + ".0" : s;
}

bool unset(const Field& f) {
  const auto* v = std::get_if<std::optional<double>*>(&f.value);
  return v && !**v;
}

std::string type_name(const Field& f) {
  static constexpr const char* kNames[] = {"true or false", "a whole number",    "a whole number", "a number",
                                           "a string",      "a list of strings", "a number"};
  return kNames[f.value.index()];
}

// A TOML basic string: always double quotes, as people write them.
std::string quoted(const std::string& s) {
  std::string out = "\"";
  for (const char c : s) {
    if (c == '"' || c == '\\')
      out += '\\', out += c;
    else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      out += fmt::format("\\u{:04X}", static_cast<unsigned>(c));
    else
      out += c;
  }
  return out + "\"";
}

std::string position(const toml::source_region& at, const std::string& origin) {
  return fmt::format("{}:{}:{}", origin, at.begin.line, at.begin.column);
}

std::string check_number(const Field& f, double v) {
  if (v >= f.lo && v <= f.hi) return "";
  if (f.hi > 1e15) return fmt::format("{} = {} is not {} or more ({})", f.name, number(v), number(f.lo), f.help);
  return fmt::format("{} = {} is outside [{}, {}] ({})", f.name, number(v), number(f.lo), number(f.hi), f.help);
}

// "" when set, else what is wrong.
std::string assign(const Field& f, const toml::node& node) {
  const std::string wrong = fmt::format("{}: expected {}, got {}", f.name, type_name(f),
                                        node.is_string()           ? "a string"
                                        : node.is_integer()        ? "a whole number"
                                        : node.is_floating_point() ? "a number"
                                        : node.is_boolean()        ? "true or false"
                                        : node.is_array()          ? "a list"
                                        : node.is_table()          ? "a table"
                                                                   : "a date or time");
  return std::visit(
      [&](auto* out) -> std::string {
        using T = std::remove_pointer_t<decltype(out)>;
        if constexpr (std::is_same_v<T, bool>) {
          const auto v = node.value_exact<bool>();
          if (!v) return wrong;
          *out = *v;
        } else if constexpr (std::is_same_v<T, std::string>) {
          const auto v = node.value_exact<std::string>();
          if (!v) return wrong;
          if (!is_utf8(*v))
            return fmt::format("{} = \"{}\" is not UTF-8; rename what it names, or link to it under another name",
                               f.name, *v);
          if (!f.choices.empty() && std::find(f.choices.begin(), f.choices.end(), *v) == f.choices.end()) {
            const std::string near = did_you_mean(*v, f.choices);
            return fmt::format("{} = \"{}\" is none of {}{}", f.name, *v, fmt::join(f.choices, ", "),
                               near.empty() ? "" : " (did you mean \"" + near + "\"?)");
          }
          *out = *v;
        } else if constexpr (std::is_same_v<T, std::vector<std::string>>) {
          const toml::array* list = node.as_array();
          if (!list) return wrong;
          std::vector<std::string> items;
          for (const auto& item : *list) {
            const auto v = item.value_exact<std::string>();
            if (!v) return f.name + ": expected a list of strings";
            items.push_back(*v);
          }
          *out = std::move(items);
        } else if constexpr (std::is_same_v<T, double> || std::is_same_v<T, std::optional<double>>) {
          const auto v = node.value<double>();  // a whole number is a number too
          if (!v || node.is_boolean()) return wrong;
          if (auto bad = check_number(f, *v); !bad.empty()) return bad;
          *out = *v;
        } else {
          const auto v = node.value_exact<std::int64_t>();
          if (!v) return wrong;
          if (auto bad = check_number(f, static_cast<double>(*v)); !bad.empty()) return bad;
          *out = static_cast<T>(*v);
        }
        return "";
      },
      f.value);
}

// The part before the last dot; "" at the top.
std::string section_of(const std::string& name) {
  const auto dot = name.rfind('.');
  return dot == std::string::npos ? "" : name.substr(0, dot);
}

bool is_section(const FieldTable& table, const std::string& name) {
  return std::any_of(table.all().begin(), table.all().end(),
                     [&](const Field& f) { return f.name.starts_with(name + "."); });
}

std::string unknown(const FieldTable& table, const std::string& name) {
  if (is_section(table, name)) return fmt::format("{0}: expected a table, written [{0}], of single settings", name);
  std::vector<std::string> names;
  for (const auto& f : table.all()) {
    names.push_back(f.name);
    names.push_back(section_of(f.name));
  }
  const std::string near = did_you_mean(name, names);
  return fmt::format("unknown key \"{}\"{}", shortened(name),
                     near.empty() ? "; `cutract help config` lists them all" : " (did you mean \"" + near + "\"?)");
}

void fill(const FieldTable& table, const toml::table& from, const std::string& prefix, const std::string& origin,
          std::vector<std::string>& problems) {
  for (auto&& [key, node] : from) {
    const std::string name = prefix + std::string(key.str());
    if (const Field* f = table.find(name)) {
      if (auto bad = assign(*f, node); !bad.empty()) problems.push_back(position(node.source(), origin) + ": " + bad);
    } else if (node.is_table() && is_section(table, name)) {
      fill(table, *node.as_table(), name + ".", origin, problems);
    } else {
      problems.push_back(position(key.source(), origin) + ": " + unknown(table, name));
    }
  }
}

// "a.b=c": c is TOML; a bare word that is no TOML value is a string, so that --set data.corpus=DIR needs no quotes.
void assign_text(const FieldTable& table, const std::string& text, std::vector<std::string>& problems) {
  const std::string where = "--set " + text + ": ";
  const auto eq = text.find('=');
  if (eq == std::string::npos || eq == 0)
    return problems.push_back(where + "expected name=value, e.g. --set model.hidden=64");
  const std::string name = text.substr(0, eq), value = text.substr(eq + 1);
  const Field* f = table.find(name);
  if (!f) return problems.push_back(where + unknown(table, name));
  if (auto* s = std::get_if<std::string*>(&f->value); s && (value.empty() || value.front() != '"')) {
    const toml::value<std::string> node(value);
    if (auto bad = assign(*f, node); !bad.empty()) problems.push_back(where + bad);
    return;
  }
  if (!toml_problem("v = " + value).empty())
    return problems.push_back(fmt::format("{}expected {}", where, type_name(*f)));
  try {
    const toml::table parsed = toml::parse("v = " + value);
    if (parsed.size() != 1) return problems.push_back(where + "expected one value; repeat --set for another setting");
    if (auto bad = assign(*f, *parsed.get("v")); !bad.empty()) problems.push_back(where + bad);
  } catch (const toml::parse_error&) { problems.push_back(fmt::format("{}expected {}", where, type_name(*f))); }
}

}  // namespace

std::string value_text(const Field& f) {
  return std::visit(
      [](auto* v) -> std::string {
        using T = std::remove_pointer_t<decltype(v)>;
        if constexpr (std::is_same_v<T, bool>)
          return *v ? "true" : "false";
        else if constexpr (std::is_same_v<T, std::string>)
          return quoted(*v);
        else if constexpr (std::is_same_v<T, std::vector<std::string>>) {
          std::string out = "[";
          for (const auto& s : *v) out += (out.size() > 1 ? ", " : "") + quoted(s);
          return out + "]";
        } else if constexpr (std::is_same_v<T, double>) {
          return real_text(*v);
        } else if constexpr (std::is_same_v<T, std::optional<double>>) {
          return *v ? real_text(**v) : "unset";
        } else
          return fmt::format("{}", *v);
      },
      f.value);
}

const Field* FieldTable::find(std::string_view name) const {
  const auto it = std::find_if(fields_.begin(), fields_.end(), [&](const Field& f) { return f.name == name; });
  return it == fields_.end() ? nullptr : &*it;
}

void parse_config(const FieldTable& table, std::string_view text, const std::string& origin,
                  std::span<const std::string> assignments) {
  std::vector<std::string> problems;
  if (const std::string wrong = wrong_encoding(text); !wrong.empty()) fail(Fault::config, origin + ": " + wrong);
  text = without_mark(text);
  if (const std::string wrong = toml_problem(text); !wrong.empty()) fail(Fault::config, origin + ":" + wrong);
  try {
    fill(table, toml::parse(text, std::string_view(origin)), "", origin, problems);
  } catch (const toml::parse_error& e) {
    problems.push_back(position(e.source(), origin) + ": " + std::string(e.description()));
  }
  for (const auto& a : assignments) assign_text(table, a, problems);
  if (!problems.empty()) fail(Fault::config, listed(problems));
}

void read_config(const FieldTable& table, const std::string& path, std::span<const std::string> assignments) {
  std::string text;
  if (!path.empty()) {
    std::ifstream in(path, std::ios::binary);
    char block[4096];
    while (in.read(block, sizeof block), in.gcount() > 0) text.append(block, static_cast<std::size_t>(in.gcount()));
    if (!in.is_open() || in.bad()) fail(Fault::io, path + ": cannot read the config file; check the path given to -c");
  }
  parse_config(table, text, path, assignments);
}

std::string write_config(const FieldTable& table) {
  std::string out, section;
  for (const auto& f : table.all()) {
    if (unset(f)) continue;
    const std::string in = section_of(f.name);
    if (in != section) out += fmt::format("{}[{}]\n", out.empty() ? "" : "\n", section = in);
    out += fmt::format("{} = {}\n", f.name.substr(in.empty() ? 0 : in.size() + 1), value_text(f));
  }
  return out;
}

std::string help_config(const FieldTable& table, int columns) {
  std::string out, section;
  const auto wrap = [&](const std::string& text, std::size_t indent) {
    std::istringstream words(text);
    std::string line, word;
    while (words >> word) {
      if (!line.empty() && line.size() + 1 + word.size() > static_cast<std::size_t>(columns))
        out += line + "\n", line.clear();
      line += (line.empty() ? std::string(indent, ' ') : " ") + word;
    }
    out += line + "\n";
  };
  for (const auto& f : table.all()) {
    const std::string in = section_of(f.name);
    if (in != section) out += fmt::format("{}[{}]\n", out.empty() ? "" : "\n", section = in);
    std::string allowed;
    if (!f.choices.empty())
      allowed = fmt::format(" ({})", fmt::join(f.choices, ", "));
    else if (f.hi > f.lo && !std::holds_alternative<bool*>(f.value))
      allowed = fmt::format(" [{}..{}]", number(f.lo), f.hi > 1e15 ? "" : number(f.hi));
    wrap(fmt::format("{} = {}", f.name, value_text(f)), 2);
    wrap(f.help + allowed, 6);
  }
  return out;
}

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
  constexpr std::size_t kLongest = 64;  // nobody means a short name by a longer word, and the distance takes its time
  std::string best;
  if (word.size() > kLongest) return best;
  std::size_t least = 1 + word.size() / 3;
  for (const auto& k : known)
    if (const std::size_t d = edit_distance(word, k); d < least || (d == least && best.empty())) least = d, best = k;
  return best;
}

}  // namespace cutract
