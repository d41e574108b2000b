#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "cli/manual.h"
#include "cli/usage.h"
#include "host/core/error.h"

namespace cutract::cli {
namespace {

// What can follow an option: one of some words, a file, a folder, or anything.
struct Value {
  std::vector<std::string> words;
  bool file = false, folder = false;
};

struct OptionWords {
  std::vector<std::string> names;  // "-c", "--config"
  std::string what;
  bool takes_value = false;
  Value value;
};

struct CommandWords {
  std::string name, what;
  std::vector<std::string> path;  // "corpus", "import"
  std::vector<OptionWords> options;
  std::vector<CommandWords> commands;
};

OptionWords words_of(const CLI::Option& o) {
  OptionWords out;
  for (const auto& n : o.get_snames()) out.names.push_back("-" + n);
  for (const auto& n : o.get_lnames()) out.names.push_back("--" + n);
  out.what = o.get_description();
  const std::string value = value_name(o);
  out.takes_value = !value.empty() && !value.starts_with("[");
  const bool file = value == "FILE" || value == "PATH" || value == "MODEL" || value == "HOW";
  out.value = {words_in_braces(o.get_type_name()), file, value == "DIR"};
  return out;
}

CommandWords words_of(const CLI::App& app, const std::vector<std::string>& path) {
  CommandWords out{app.get_name(), app.get_description(), path, {}, {}};
  for (const CLI::Option* o : app.get_options())
    if (!o->get_positional()) out.options.push_back(words_of(*o));
  for (const CLI::App* sub : listed_commands(app)) {
    std::vector<std::string> below = path;
    below.push_back(sub->get_name());
    out.commands.push_back(words_of(*sub, below));
  }
  return out;
}

std::vector<std::string> names_of(const std::vector<CommandWords>& commands) {
  std::vector<std::string> names;
  names.reserve(commands.size());
  for (const CommandWords& c : commands) names.push_back(c.name);
  return names;
}

// All commands, the outer ones first.
void flatten(const CommandWords& c, std::vector<const CommandWords*>& out) {
  out.push_back(&c);
  for (const CommandWords& sub : c.commands) flatten(sub, out);
}

std::string joined(const std::vector<std::string>& words, const char* between = " ") {
  return fmt::format("{}", fmt::join(words, between));
}

std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

// In bash and zsh, `chosen` holds the words of the command so far, each after a blank.
std::string chosen_by(const CommandWords& c) { return c.path.empty() ? "" : " " + joined(c.path); }

// The loop that finds the command, for both shells: a `case` on the words that name commands.
std::string known_paths(const std::vector<const CommandWords*>& all) {
  std::vector<std::string> paths;
  for (const CommandWords* c : all)
    if (!c->path.empty()) paths.push_back("\"" + chosen_by(*c) + "\"");
  return joined(paths, "|");
}

// What a shell does for the value of an option.
struct Answers {
  const char *before_words, *after_words, *folder, *file;
};

// The cases "COMMAND OPTION" of options that take a value.
std::string value_cases(const std::vector<const CommandWords*>& all, const Answers& shell) {
  std::string out;
  for (const CommandWords* c : all)
    for (const OptionWords& o : c->options) {
      if (!o.takes_value) continue;
      std::vector<std::string> cases;
      cases.reserve(o.names.size());
      for (const std::string& name : o.names) cases.push_back("\"" + chosen_by(*c) + " " + name + "\"");
      const Value& v = o.value;
      const std::string does = !v.words.empty() ? shell.before_words + joined(v.words) + shell.after_words
                               : v.folder       ? shell.folder
                               : v.file         ? shell.file
                                                : ":";
      out += "    " + joined(cases, "|") + ") " + does + "; return ;;\n";
    }
  return out;
}

// The cases "COMMAND" with the words that can follow it.
template <class Word>
std::string word_cases(const std::vector<const CommandWords*>& all, const std::string& before, const std::string& after,
                       Word word) {
  std::string out = "  esac\n  case \"$chosen\" in\n";
  for (const CommandWords* c : all) {
    std::vector<std::string> words;
    words.reserve(c->commands.size() + 2 * c->options.size());
    for (const CommandWords& sub : c->commands) words.push_back(word(sub.name, sub.what));
    for (const OptionWords& o : c->options)
      for (const std::string& name : o.names) words.push_back(word(name, o.what));
    out += "    \"" + chosen_by(*c) + "\") " + before + joined(words) + after + " ;;\n";
  }
  return out + "  esac\n";
}

std::string for_bash(const std::vector<const CommandWords*>& all) {
  std::string out =
      "# Completes the commands and options of cutract in bash.\n"
      "_cutract() {\n"
      "  local chosen= i current=${COMP_WORDS[COMP_CWORD]} words=\n"
      "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
      "    case \"$chosen ${COMP_WORDS[i]}\" in\n      " +
      known_paths(all) + ") chosen+=\" ${COMP_WORDS[i]}\" ;;\n    esac\n  done\n  COMPREPLY=()\n" +
      "  case \"$chosen ${COMP_WORDS[COMP_CWORD-1]}\" in\n";
  out += value_cases(all, {"COMPREPLY=($(compgen -W \"", "\" -- \"$current\"))",
                           "compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- \"$current\")",
                           "compopt -o default"}) +
         word_cases(all, "words=\"", "\"", [](const std::string& name, const std::string&) { return name; });
  return out +
         "  [[ -z $current && $words == -* ]] || COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
         "  [[ ${#COMPREPLY[@]} -gt 0 ]] || compopt -o default\n"
         "}\n"
         "complete -F _cutract cutract\n";
}

// A word and its description as _describe takes them.
std::string described(const std::string& word, const std::string& what) {
  std::string text;
  for (const char c : word) text += c == ':' ? std::string("\\:") : std::string(1, c);
  return quoted(text + ":" + what);
}

std::string for_zsh(const std::vector<const CommandWords*>& all) {
  std::string out =
      "#compdef cutract\n"
      "# Completes the commands and options of cutract in zsh.\n"
      "_cutract() {\n"
      "  local chosen= i\n"
      "  local -a names\n"
      "  for ((i = 2; i < CURRENT; i++)); do\n"
      "    case \"$chosen $words[i]\" in\n      " +
      known_paths(all) + ") chosen+=\" $words[i]\" ;;\n    esac\n  done\n" +
      "  case \"$chosen $words[CURRENT-1]\" in\n";
  out += value_cases(all, {"compadd -- ", "", "_files -/", "_files"}) + word_cases(all, "names=(", ")", described);
  return out +
         "  _describe cutract names\n"
         "  [[ $PREFIX == -* ]] || _files\n"
         "}\n"
         "_cutract \"$@\"\n";
}

// The condition under which fish offers what follows a command: its words were typed, and none of a deeper command.
std::string condition(const CommandWords& c) {
  if (c.path.empty()) return "__fish_use_subcommand";
  std::vector<std::string> parts;
  parts.reserve(c.path.size() + 1);
  for (const std::string& word : c.path) parts.push_back("__fish_seen_subcommand_from " + word);
  const std::vector<std::string> deeper = names_of(c.commands);
  if (!deeper.empty()) parts.push_back("not __fish_seen_subcommand_from " + joined(deeper));
  return joined(parts, "; and ");
}

std::string for_fish(const std::vector<const CommandWords*>& all) {
  std::string out = "# Completes the commands and options of cutract in fish.\n";
  for (const CommandWords* c : all) {
    const std::string here = "complete -c cutract -n " + quoted(condition(*c));
    for (const CommandWords& sub : c->commands) out += here + " -f -a " + sub.name + " -d " + quoted(sub.what) + "\n";
    for (const OptionWords& o : c->options) {
      std::string line = here;
      for (const std::string& name : o.names)
        line += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
      if (!o.value.words.empty())
        line += " -x -a " + quoted(joined(o.value.words));
      else if (o.value.folder)
        line += " -x -a '(__fish_complete_directories)'";
      else if (o.takes_value)
        line += o.value.file ? " -r -F" : " -x";
      out += line + " -d " + quoted(o.what) + "\n";
    }
  }
  return out;
}

}  // namespace

std::string completions(const CLI::App& root, Shell shell) {
  const CommandWords words = words_of(root, {});
  std::vector<const CommandWords*> all;
  flatten(words, all);
  switch (shell) {
    case Shell::bash:
      return for_bash(all);
    case Shell::zsh:
      return for_zsh(all);
    case Shell::fish:
      return for_fish(all);
  }
  fail(Fault::internal, "completions: a shell without a script");
}

}  // namespace cutract::cli
