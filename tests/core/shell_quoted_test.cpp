// Paths in the commands that messages suggest.
#include <gtest/gtest.h>

#include <cstdio>
#include <string>

#include "host/core/shell_quoted.h"

namespace cutract {
namespace {

// The words into which a shell splits this text, each in brackets.
std::string words_of(const std::string& text) {
  FILE* shell = popen(("printf '[%s]' " + text).c_str(), "r");
  if (shell == nullptr) return "no shell";
  std::string out;
  for (int c = std::fgetc(shell); c != EOF; c = std::fgetc(shell)) out += static_cast<char>(c);
  pclose(shell);
  return out;
}

TEST(ShellQuoted, AShellReadsOneWordAndTheSamePath) {
  for (const std::string path :
       {"runs/demo", "my runs/a", "it's",  "a\"b", "$HOME", "`id`", "a\\b", "*",   "~",   "a;b", "#x", "!x",
        "a\nb",      "ünï",       "{a,b}", "a=b",  "=ls",   "(x)",  "a&b",  "a|b", "<a>", "''",  " ",  ""})
    EXPECT_EQ(words_of(shell_quoted(path)), "[" + path + "]") << path;
}

TEST(ShellQuoted, APlainPathStaysAsItIs) {
  EXPECT_EQ(shell_quoted("runs/lr_0.1-seed17"), "runs/lr_0.1-seed17");
  EXPECT_EQ(shell_quoted("my runs"), "'my runs'");
}

TEST(ShellQuoted, AnOptionIsNotMadeOfALeadingDash) {
  EXPECT_EQ(shell_quoted("-run"), "./-run");
  EXPECT_EQ(shell_quoted("--my run"), "'./--my run'");
}

}  // namespace
}  // namespace cutract
