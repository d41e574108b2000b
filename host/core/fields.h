#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "host/core/choices.h"

namespace cutract {

// A member that is written as one text or as a list of texts, such as trainer.loss. `set` throws Error{config} for
// texts that it does not accept; its message begins with the name of the setting.
struct TextsMember {
  std::function<std::vector<std::string>()> get;
  std::function<void(const std::vector<std::string>&)> set;
};

// One setting of a config struct. TOML reading, --set, --print-config, `help config`, range checks and the echo in the
// run folder all use a list of these, so a setting is written down once.
struct Field {
  std::string name;  // dotted: "model.hidden"
  std::variant<bool*, int*, std::int64_t*, double*, std::string*, std::vector<std::string>*, std::optional<double>*,
               EnumMember, TextsMember>
      value;
  double lo = 0, hi = 0;                   // inclusive, for numbers
  std::vector<std::string> choices;        // for strings and enums; empty: anything
  std::string help;                        // starts with a noun and includes the unit
  std::vector<std::string> synonyms = {};  // names in other toolkits, for suggestions
};

// A group of fields: "model" contains those named "model.*".
struct Section {
  std::string name;
  std::vector<std::string> synonyms = {};
};

template <class T>
struct Range {
  T lo, hi;
};
template <class T>
constexpr Range<T> in(T lo, T hi) {
  return {lo, hi};
}

// Visits config structs. Each struct has `void fields(FieldTable&, S&)`, found by argument-dependent lookup.
class FieldTable {
 public:
  template <class T>
  requires std::is_arithmetic_v<T>
  void operator()(const char* name, T& member, Range<T> range, const char* help) {
    add({prefix_ + name, &member, static_cast<double>(range.lo), static_cast<double>(range.hi), {}, help});
  }
  // A number that may be left unset; write_config then omits it.
  void operator()(const char* name, std::optional<double>& member, Range<double> range, const char* help) {
    add({prefix_ + name, &member, range.lo, range.hi, {}, help});
  }
  void operator()(const char* name, bool& member, const char* help) { add({prefix_ + name, &member, 0, 1, {}, help}); }
  void operator()(const char* name, std::string& member, const char* help, std::vector<std::string> choices = {}) {
    add({prefix_ + name, &member, 0, 0, std::move(choices), help});
  }
  // An enum: its names are the choices.
  template <HasNames E>
  void operator()(const char* name, E& member, const char* help) {
    add({prefix_ + name, EnumMember(member), 0, 0, names_of<E>(), help});
  }
  void operator()(const char* name, std::vector<std::string>& member, const char* help) {
    add({prefix_ + name, &member, 0, 0, {}, help});
  }
  void operator()(const char* name, TextsMember member, const std::string& help) {
    add({prefix_ + name, std::move(member), 0, 0, {}, help});
  }
  // A nested struct: its fields are named "name.*".
  template <class S>
  void section(const char* name, S& sub) {
    const std::string outer = prefix_;
    prefix_ += std::string(name) + ".";
    fields(*this, sub);
    prefix_ = outer;
  }
  // Registers what other toolkits call the field or the section of this full name; such a word is suggested, never
  // accepted. Does nothing if the table has no such name.
  void synonyms(std::string_view name, const std::vector<std::string>& words);

  std::span<const Field> all() const { return fields_; }
  std::span<const Section> sections() const { return sections_; }
  const Field* find(std::string_view name) const;
  bool has_section(std::string_view name) const;

 private:
  void add(Field f);
  std::string prefix_;
  std::vector<Field> fields_;
  std::vector<Section> sections_;
};

// Fills the fields from a TOML file (none if `path` is empty), then from "a.b=c" assignments. Throws Error{config} that
// lists every mistake, one per line in the order of the file, each with file:line:column or --set a.b=c: unknown keys
// with a suggestion, wrong types, values out of range. Only the first 20 are listed; the others are counted.
void read_config(const FieldTable&, const std::string& path, std::span<const std::string> assignments);
// The text of a config file, which may be a pipe and is then gone; "" if `path` is empty. Throws Error{io}.
std::string config_text(const std::string& path);
// The same as read_config for text already in memory; `origin` replaces the file name.
void parse_config(const FieldTable&, std::string_view text, const std::string& origin,
                  std::span<const std::string> assignments = {});

// Sets one field by "a.b=c", where c is TOML. A text needs no quotes: --set data.corpus=DIR. Returns "" if the value
// was set, otherwise what is wrong.
std::string assign_text(const FieldTable&, const std::string& assignment);

// Returns all fields that have a value as TOML. Reading it gives the same values.
std::string write_config(const FieldTable&);

// Returns the part of a dotted name before its last dot; "" if there is no dot.
std::string_view section_of(std::string_view name);

// Returns the text as a TOML basic string, in double quotes.
std::string quoted(std::string_view);

// Returns a number as a TOML float: "50.0" for 50.
std::string float_text(double);

// Returns the value as TOML; "unset" for an optional number without one.
std::string value_text(const Field&);

// Returns one entry per field with default, range and help, at most `columns` wide, for all fields, those of one
// section, or the one field that `subject` names. Throws Error{usage}, with the nearest name, if there is no such
// section or field.
std::string help_config(const FieldTable&, int columns = 80, std::string_view subject = "");

// Returns "" if `word` is one of `known`, otherwise '"adma" is not one of adam, adamw (did you mean "adam"?)'.
std::string not_one_of(std::string_view word, std::span<const std::string> known);

// Returns the closest of `known` to `word` by edit distance, or "" if nothing is close enough to be meant.
std::string did_you_mean(std::string_view word, std::span<const std::string> known);
// Returns the number of letters to insert, remove or change to turn `b` into `a` (Levenshtein).
std::size_t edit_distance(std::string_view a, std::string_view b);

// Returns the fields, in any section, that an unknown key may have been meant for: those with the same name or a
// synonym, otherwise the one with the nearest name. Empty if nothing is close.
std::vector<std::string> keys_like(const FieldTable&, std::string_view name);
// Returns the section that an unknown one may have been meant for, or "".
std::string section_like(const FieldTable&, std::string_view name);

}  // namespace cutract
