#pragma once

#include <string>

namespace CLI {
class App;
}  // namespace CLI

// What is generated from the commands and options as the parser knows them.
namespace cutract::cli {

// Returns the manual page cutract(1), in the language of man.
std::string manual_page(const CLI::App& root, const std::string& version);

// Returns the script that completes command lines in "bash", "zsh" or "fish". Throws Error{usage} for another shell.
std::string completions(const CLI::App& root, const std::string& shell);

}  // namespace cutract::cli
