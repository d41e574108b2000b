#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cutract {

// Takes the next line off `rest`, without its line end (LF or CRLF); the last line may lack one.
std::string_view take_line(std::string_view& rest);

// Takes the next word off a line; words are separated by spaces and tabs. "" at the end.
std::string_view take_word(std::string_view& line);

// Returns the number that the whole word is, with nan and inf; nothing if it is not one.
std::optional<double> number_in(std::string_view word);

// Returns the number that the whole word is, in decimal digits alone; nothing if it is not one, or has more than 64
// bits.
std::optional<std::uint64_t> count_in(std::string_view word);

// Returns a word of a file as a message shows it: short, and without zero bytes and other characters that would end or
// garble the message.
std::string shown(std::string_view word);

}  // namespace cutract
