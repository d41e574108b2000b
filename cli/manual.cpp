#include "cli/manual.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <sstream>

#include "cli/usage.h"

namespace cutract::cli {
namespace {

// Escapes text for man: backslashes, hyphens, and a period or apostrophe at the beginning of a line.
std::string plain(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if ((c == '.' || c == '\'') && (out.empty() || out.back() == '\n')) out += "\\&";
    if (c == '\\') {
      out += "\\e";
      continue;
    }
    if (c == '-') out += '\\';
    out += c;
  }
  return out;
}

std::string as_it_is(const std::string& text) { return ".nf\n" + plain(text) + "\n.fi\n"; }

// The part of a command's footer that shows how to use it; the exit codes have a section of their own.
std::string example_in(const CLI::App& app) {
  const std::string footer = app.get_footer();
  const auto codes = footer.find("\n\nExit codes:");
  return footer.substr(0, codes);
}

std::string options_of(const CLI::App& app) {
  std::string out;
  for (const CLI::Option* o : app.get_options())
    out += ".TP\n.B " + plain(names_of(*o)) + "\n" + plain(o->get_description()) + "\n";
  return out;
}

void add_commands(const CLI::App& app, const std::string& name, std::string& out) {
  for (const CLI::App* sub : listed_commands(app)) {
    const std::string own = name + " " + sub->get_name();
    if (!listed_commands(*sub).empty()) {
      add_commands(*sub, own, out);
      continue;
    }
    out += ".SS " + plain(own) + "\n" + plain(sub->get_description()) + ".\n.PP\n" + plain(usage_line(*sub, own)) +
           "\n" + options_of(*sub) + ".PP\n" + as_it_is(example_in(*sub));
  }
}

}  // namespace

std::string manual_page(const CLI::App& root, const std::string& version) {
  const std::string footer = root.get_footer();
  const std::string codes = footer.substr(footer.find("Exit codes:\n") + 12);
  std::string out = fmt::format(".TH CUTRACT 1 \"\" \"{}\" \"User Commands\"\n", plain(version));
  out += ".SH NAME\ncutract \\- predict the movement of the vocal tract from speech\n";
  out += ".SH SYNOPSIS\n.B cutract\n.I COMMAND\n[options]\n";
  out += ".SH DESCRIPTION\n" + plain(root.get_description()) + "\n.SH COMMANDS\n";
  add_commands(root, "cutract", out);
  out += ".SH OPTIONS\n" + options_of(root) + ".SH EXIT STATUS\n" + as_it_is(codes);
  return out + ".SH EXAMPLES\n" + as_it_is(footer.substr(0, footer.find("\n\nExit codes:")));
}

}  // namespace cutract::cli
