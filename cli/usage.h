#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
class Error;
class Option;
}  // namespace CLI

// The texts around the options: help pages, and errors in a command line. CLI11 only finds the mistakes; its messages
// and its notes on validators are for programmers.
namespace cutract::cli {

// The group of subcommands that are formats of a corpus; they are called so in help and errors.
inline constexpr const char* kFormats = "Formats";

// What help pages, manual and completions say about an option: "-c, --config FILE" and "FILE", and the usage of a
// command of this name: "Usage: cutract eval [options] MODEL".
std::string names_of(const CLI::Option&);
std::string value_name(const CLI::Option&);
std::string usage_line(const CLI::App&, const std::string& name);

// The words of "...{a,b,c}...", in which CLI11 lists the accepted values; none without braces.
std::vector<std::string> words_in_braces(const std::string&);

// The commands that help pages list: those that have a group.
std::vector<const CLI::App*> listed_commands(const CLI::App&);

// Sets the help pages of this app, and of the commands added to it later, in at most 80 columns.
void use_plain_help(CLI::App&);

// Returns the help page of the command that these words name: {} for all of cutract, {"corpus", "import"}. Throws
// Error{usage} if there is no such command.
std::string help_page(CLI::App& root, const std::vector<std::string>& words);

// Throws Error{usage} for a command line that CLI11 refused with this error.
[[noreturn]] void fail_usage(CLI::App& root, const std::vector<std::string>& words, const CLI::Error&);

}  // namespace cutract::cli
