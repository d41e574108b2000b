#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

// What text from files and names may hold, and how it is shown.
namespace cutract {

// A count with its noun: "1 file", "2 files", "0 files". `many` is for nouns whose plural takes more than an s.
std::string counted(std::int64_t n, std::string_view one, std::string_view many = "");

// Overlong forms and surrogates are not UTF-8.
bool is_utf8(std::string_view text);

// Why a text file cannot be read as UTF-8, for files in another encoding as a whole ("is UTF-16; save it as UTF-8");
// "" if nothing speaks against it. A single bad byte is not found here: is_utf8 finds it, line by line.
std::string wrong_encoding(std::string_view bytes);

// `text` without the byte order mark that some editors put before UTF-8.
std::string_view without_mark(std::string_view text);

// Text from outside for a terminal or a log: control characters other than line end and tab, bytes that are not UTF-8,
// and marks that reorder text become \x1b or \u009b. Everything else passes, so escaping twice changes nothing.
std::string printable(std::string_view text);

// At most `most` bytes of a name, cut between characters, with "..." where something was cut.
std::string shortened(std::string_view text, std::size_t most = 60);

// Problems one a line, the first `most` of them and then how many more there are.
std::string listed(std::span<const std::string> problems, std::size_t most = 20);

// "LINE:COLUMN: what" for the first place in TOML that its parser must not see, "" if there is none. Version 3.3 of the
// parser asserts, or has undefined behaviour, at characters that cannot begin a key.
std::string toml_problem(std::string_view text);

// A number without a trailing point or zeros.
std::string number_text(double v);

// The words of the text in lines of at most `columns` characters that start with `indent` spaces; a longer word stays
// whole. Every line ends with a newline.
std::string wrapped(std::string_view text, std::size_t indent, std::size_t columns = 80);

}  // namespace cutract
