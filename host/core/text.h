#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

// Functions that check text from files and names, and make it printable.
namespace cutract {

// Returns a count with its noun: "1 file", "2 files", "0 files". `many` is for nouns whose plural is not formed with s
// alone.
std::string counted(std::int64_t n, std::string_view one, std::string_view many = "");

// Overlong forms and surrogates are not UTF-8.
bool is_utf8(std::string_view text);

// Says why a text file as a whole cannot be read as UTF-8 because it has a different encoding ("is UTF-16; save it as
// UTF-8"); "" if no reason is found. A single bad byte is not found here: is_utf8 finds it, line by line.
std::string wrong_encoding(std::string_view bytes);

// Returns `text` without the byte order mark that some editors put before UTF-8.
std::string_view without_mark(std::string_view text);

// Makes text from outside safe for a terminal or a log: control characters other than line end and tab, bytes that are
// not UTF-8, and marks that reorder text become escapes such as \x1b or \u009b. Everything else is unchanged, so
// escaping twice has no further effect.
std::string printable(std::string_view text);

// Returns the text with the letters A to Z in lower case; all other characters are unchanged.
std::string lowercase(std::string_view text);

// Returns at most `most` bytes of a name, cut between characters, with "..." where something was cut.
std::string shortened(std::string_view text, std::size_t most = 60);

// Lists problems, one per line: the first `most` of them and then the number of the rest.
std::string listed(std::span<const std::string> problems, std::size_t most = 20);

// Returns "LINE:COLUMN: what" for the first place in TOML that must not reach its parser, "" if there is none. Version
// 3.3 of the parser asserts, or has undefined behaviour, at characters that cannot begin a key.
std::string toml_problem(std::string_view text);

// Formats a number without a trailing point or zeros.
std::string number_text(double v);

// Wraps the words of the text into lines of at most `columns` characters that start with `indent` spaces; a longer word
// is kept whole. Every line ends with a newline.
std::string wrapped(std::string_view text, std::size_t indent, std::size_t columns = 80);

}  // namespace cutract
