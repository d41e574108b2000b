#pragma once

#include <span>
#include <string>

#include "eval/report/html_report.h"

namespace cutract {

// Parts that html_report combines.

// The style sheet of the page, charts included.
const char* page_style();
// Everything before the body. The title is text, `more` is markup for the head.
std::string page_head(const std::string& title, const std::string& more);

// Formats a value with a fixed number of decimals, or returns "undefined".
std::string fixed(double v, int decimals = 3);
// Returns three decimals, or as many as the largest of small values needs to show three digits.
int column_decimals(std::span<const double> column);

// Returns a titled table that scrolls by itself where the page is too narrow. `rows` is markup, the title is text.
std::string table_block(const std::string& title, const std::string& rows);
// Returns the channel's meaning as a caption, or "".
std::string channel_note(const std::string& name, std::span<const Channel> all);

// Returns curves over the epochs, and the table of the channels' errors over them; "" without epochs.
std::string learning_section(const Report&);
std::string learning_table(const Report&);

// Returns title, headline and tables of the scores. `utterances` adds a table with a row for each utterance.
std::string scores_head(const Scores&, const std::string& title);
std::string scores_tables(const Scores&, bool utterances);

// Lists the channels by name and the terms that the page uses.
std::string channel_table(const Report&);
std::string terms_section(const Report&);

}  // namespace cutract
