#include "cli/usage.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <sstream>

#include "host/core/error.h"
#include "host/core/fields.h"
#include "host/core/text.h"
#include "host/corpus/importers.h"

namespace cutract::cli {
namespace {

constexpr std::size_t kColumns = 80;
constexpr std::size_t kNames = 28;  // columns of the names, before their descriptions

// "  NAME      description", continued below the description.
std::string entry(const std::string& name, const std::string& description) {
  const std::string text = wrapped(description, kNames, kColumns);
  if (2 + name.size() + 2 > kNames) return "  " + name + "\n" + text;
  return fmt::format("{:<{}}", "  " + name, kNames) + text.substr(kNames);
}

bool has_formats(const CLI::App& app) {
  const auto subs = app.get_subcommands({});
  return !subs.empty() && subs.front()->get_group() == kFormats;
}

class PlainHelp : public CLI::Formatter {
 public:
  std::string make_option(const CLI::Option* o, bool) const override {
    return entry(names_of(*o), o->get_description());
  }
  std::string make_subcommand(const CLI::App* a) const override { return entry(a->get_name(), a->get_description()); }
  std::string make_usage(const CLI::App* a, std::string name) const override {
    return "\n" + usage_line(*a, name) + "\n";
  }
};

// A command and the words that select it.
struct Place {
  CLI::App* app = nullptr;
  std::string name;      // "cutract corpus import"
  std::size_t used = 0;  // number of words
};

Place place_of(CLI::App& root, const std::vector<std::string>& words) {
  Place p{&root, root.get_name(), 0};
  for (; p.used < words.size(); ++p.used) {
    const auto subs = p.app->get_subcommands([&](const CLI::App* s) { return s->get_name() == words[p.used]; });
    if (subs.empty()) break;
    p.app = subs.front();
    p.name += " " + words[p.used];
  }
  return p;
}

std::vector<std::string> commands_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* s : listed_commands(app)) names.push_back(s->get_name());
  return names;
}

// Joins as "a, b or c".
std::string in_a_row(const std::vector<std::string>& words, const std::string& last) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i)
    out += (i == 0 ? std::string() : i + 1 == words.size() ? " " + last + " " : ", ") + words[i];
  return out;
}

std::string see(const Place& p) { return fmt::format("; see `{} --help`", p.name); }

[[noreturn]] void fail_unknown(const std::string& what, const std::string& word, const std::vector<std::string>& known,
                               const Place& p) {
  const bool one_letter = word.starts_with("-") && !word.starts_with("--");
  const std::string near = one_letter ? "" : did_you_mean(word, known);
  fail(Fault::usage, fmt::format("unknown {} \"{}\"{}", what, shortened(word),
                                 near.empty() ? see(p) : " (did you mean \"" + near + "\"?)"));
}

// Returns "--set" for "--set=x" and "-c" for "-cx"; "" for anything that is not an option: a value, "-", a negative
// number.
std::string option_in(const std::string& word) {
  if (word.size() < 2 || word[0] != '-') return "";
  if (word[1] == '-') return word.substr(0, word.find('='));
  return std::isalpha(static_cast<unsigned char>(word[1])) != 0 ? word.substr(0, 2) : "";
}

// A typing error is reported before anything that is missing because of it.
const CLI::Option* option_called(const CLI::App& app, const std::string& name) {
  for (const CLI::Option* o : app.get_options())
    if (o->check_name(name)) return o;
  return nullptr;
}

void expect_known_words(const Place& p, const std::vector<std::string>& words) {
  const std::vector<std::string> commands = commands_of(*p.app);
  if (!commands.empty() && p.used < words.size() && !words[p.used].starts_with("-")) {
    if (has_formats(*p.app)) importer_named(words[p.used]);
    fail_unknown("command", words[p.used], commands, p);
  }
  std::vector<std::string> known;
  for (const CLI::Option* o : p.app->get_options()) {
    for (const auto& n : o->get_lnames()) known.push_back("--" + n);
    for (const auto& n : o->get_snames()) known.push_back("-" + n);
  }
  const std::string first = p.used < words.size() ? option_in(words[p.used]) : "";
  const auto of_a_format = [&](const CLI::App* format) { return option_called(*format, first) != nullptr; };
  if (const auto formats = has_formats(*p.app) ? listed_commands(*p.app) : std::vector<const CLI::App*>{};
      std::find(known.begin(), known.end(), first) == known.end() &&
      std::any_of(formats.begin(), formats.end(), of_a_format))
    fail(Fault::usage,
         fmt::format("{}: options come after the format; u{}{}", p.name, usage_line(*p.app, p.name).substr(1), see(p)));
  for (std::size_t i = p.used; i < words.size() && words[i] != "--"; ++i) {
    const std::string name = option_in(words[i]);
    if (!name.empty() && std::find(known.begin(), known.end(), name) == known.end())
      fail_unknown("option", name, known, p);
  }
}

std::string what_is_missing(const Place& p) {
  if (const auto commands = commands_of(*p.app); !commands.empty())
    return fmt::format("{}: expected {}: {}{}", p.name, has_formats(*p.app) ? "a format" : "a command",
                       in_a_row(commands, "or"), see(p));
  std::vector<std::string> missing;
  for (const CLI::Option* o : p.app->get_options())
    if (o->get_required() && o->count() == 0) missing.push_back(names_of(*o));
  return fmt::format("{}: {} {} missing; {}{}", p.name, in_a_row(missing, "and"), missing.size() > 1 ? "are" : "is",
                     "u" + usage_line(*p.app, p.name).substr(1), see(p));
}

std::string wrong_count(const Place& p, const std::string& name) {
  const CLI::Option* o = option_called(*p.app, name);
  if (o == nullptr) return "";
  const std::string value = value_name(*o);
  if (value.empty()) return name + ": takes no value" + see(p);
  if (o->count() > 1) return name + ": given more than once, expected once";
  return fmt::format("{}: has no value; expected {} {}: {}", name, name, value, o->get_description());
}

}  // namespace

std::vector<std::string> words_in_braces(const std::string& text) {
  std::vector<std::string> words;
  const auto open = text.find('{'), close = text.find('}');
  if (open == std::string::npos || close == std::string::npos) return words;
  std::istringstream all(text.substr(open + 1, close - open - 1));
  for (std::string word; std::getline(all, word, ',');) words.push_back(word);
  return words;
}

namespace {

// Parses "--format: x not in {csv,npz,json}" and "--seed: expected ...", which is our own message.
std::string wrong_value(const std::string& said) {
  const auto colon = said.find(": ");
  const auto open = said.find(" not in {");
  if (colon == std::string::npos || open == std::string::npos) return said;
  const std::string name = said.substr(0, colon);
  const std::string value = said.substr(colon + 2, open - colon - 2);
  const std::vector<std::string> known = words_in_braces(said.substr(open));
  const std::string near = known.size() > 1 ? did_you_mean(value, known) : "";
  return fmt::format("{}: is \"{}\", expected {}{}", name, shortened(value), in_a_row(known, "or"),
                     near.empty() ? "" : " (did you mean \"" + near + "\"?)");
}

// Parses "Could not convert: --fps = x".
std::string not_a_number(const std::string& said) {
  const auto name = said.find("--");
  const auto equals = said.find(" = ");
  if (name == std::string::npos || equals == std::string::npos || equals < name) return "";
  return fmt::format("{}: is \"{}\", expected a number", said.substr(name, equals - name),
                     shortened(said.substr(equals + 3)));
}

std::string in_our_words(const Place& p, const CLI::Error& e) {
  const std::string said = e.what();
  const std::string kind = e.get_name();
  const std::string first = said.substr(0, said.find_first_of(": "));
  if (kind == "RequiredError") return what_is_missing(p);
  if (kind == "ArgumentMismatch" || kind == "InvalidError") return wrong_count(p, first);
  if (kind == "ValidationError") return wrong_value(said);
  if (kind == "ConversionError") return not_a_number(said);
  const std::string last = said.substr(said.rfind(' ') + 1);
  if (kind == "ExcludesError") return fmt::format("{} and {} exclude each other; give only one of them", first, last);
  if (kind == "RequiresError") return fmt::format("{}: needs {} too", first, last);
  // CLI11 gives the name of the command in this error.
  const bool extra = dynamic_cast<const CLI::ExtrasError*>(&e) != nullptr;
  if (const auto colon = said.find(": "); extra && colon != std::string::npos)
    return fmt::format("{}: unexpected argument \"{}\"; {}{}", p.name, shortened(said.substr(colon + 2)),
                       "u" + usage_line(*p.app, p.name).substr(1), see(p));
  return "";
}

}  // namespace

// Returns the placeholder of the value, without CLI11's notes on validators: "cpu:{cpu}" becomes "cpu".
std::string value_name(const CLI::Option& o) {
  const std::string all = o.get_type_name();
  return o.get_items_expected_max() == 0 ? "" : all.substr(0, all.find(':'));
}

std::string names_of(const CLI::Option& o) {
  if (o.get_positional()) return o.get_name(true, false);
  std::string out;
  for (const auto& n : o.get_snames()) out += (out.empty() ? "-" : ", -") + n;
  for (const auto& n : o.get_lnames()) out += (out.empty() ? "--" : ", --") + n;
  const std::string value = value_name(o);
  if (value.empty()) return out;
  return out + (value.starts_with("[=") ? "" : " ") + value;
}

std::string usage_line(const CLI::App& app, const std::string& name) {
  std::string out = "Usage: " + name;
  if (has_formats(app)) return usage_line(*app.get_subcommands({}).front(), name + " FORMAT");
  if (!app.get_subcommands({}).empty()) return out + " COMMAND";
  std::string arguments;
  bool optional = false;
  for (const CLI::Option* o : app.get_options()) {
    const bool many = o->get_items_expected_max() > 1;
    if (o->get_positional()) {
      const std::string word = o->get_name(true, false) + (many ? "..." : "");
      arguments += o->get_required() ? " " + word : " [" + word + "]";
    } else if (o->get_required()) {
      out += " " + names_of(*o);
    } else {
      optional = true;
    }
  }
  return out + (optional ? " [options]" : "") + arguments;
}

std::vector<const CLI::App*> listed_commands(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App* s) { return !s->get_group().empty(); });
}

void use_plain_help(CLI::App& app) {
  const auto help = std::make_shared<PlainHelp>();
  help->label("Positionals", "Arguments");
  app.formatter(help);
}

std::string help_page(CLI::App& root, const std::vector<std::string>& words) {
  const Place p = place_of(root, words);
  if (p.used < words.size()) {
    if (has_formats(*p.app)) importer_named(words[p.used]);
    std::vector<std::string> known = commands_of(*p.app);
    if (known.empty())
      fail(Fault::usage, fmt::format("{}: has no command \"{}\"{}", p.name, shortened(words[p.used]), see(p)));
    known.push_back("config");
    fail_unknown("command", words[p.used], known, p);
  }
  const auto space = p.name.rfind(' ');
  return p.app->help(space == std::string::npos ? "" : p.name.substr(0, space));
}

void fail_usage(CLI::App& root, const std::vector<std::string>& words, const CLI::Error& e) {
  const Place p = place_of(root, words);
  expect_known_words(p, words);
  const std::string text = in_our_words(p, e);
  fail(Fault::usage, text.empty() ? e.what() + see(p) : text);
}

}  // namespace cutract::cli
