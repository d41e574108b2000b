#pragma once

#include <string>

#include "cli/choices.h"

namespace CLI {
class App;
}  // namespace CLI

// What is generated from the commands and options as the parser knows them.
namespace cutract::cli {

// Returns the manual page cutract(1), in the language of man.
std::string manual_page(const CLI::App& root, const std::string& version);

// Returns the script that completes command lines in a shell.
std::string completions(const CLI::App& root, Shell);

}  // namespace cutract::cli
