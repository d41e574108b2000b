#include <algorithm>
#include <string>
#include <vector>

#include "eval/prediction.h"
#include "tests/fuzz/parsers.h"

namespace cutract::fuzz {
namespace {

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    lines.emplace_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

// Reads a field that csv_field wrote. `at` is moved past the comma or the end of the line.
std::string csv_text(std::string_view row, std::size_t& at) {
  std::string out;
  const bool quoted = at < row.size() && row[at] == '"';
  if (quoted) ++at;
  while (at < row.size()) {
    const char c = row[at++];
    if (!quoted && (c == ',' || c == '\n')) return out;
    if (!quoted || c != '"') {
      out += c;
    } else if (at < row.size() && row[at] == '"') {
      out += row[at++];
    } else {
      expect(at < row.size() && (row[at] == ',' || row[at] == '\n'), "a quoted CSV field does not end its cell");
      ++at;
      return out;
    }
  }
  return out;
}

// A text that could be a formula gets an apostrophe, which is not part of the text.
bool is_the_text(const std::string& read, const std::string& text) { return read == text || read == "'" + text; }

}  // namespace

// The first line is the recording's name, the next two a channel's name and unit, and the last a speaker.
void parse_npz_names(std::string_view bytes) {
  std::vector<std::string> names = lines_of(bytes);
  names.resize(4);
  Prediction p{names[0], 0, 0.01, Matrix(1, 1), {{"speaker", names[3]}}};
  const std::vector<Channel> channels{{names[1], names[2]}};
  const std::string archive = prediction_npz(p, channels);
  expect(archive.starts_with("PK\3\4"), "the archive does not begin as a zip file");
  expect(prediction_npz(p, channels) == archive, "equal content gives different bytes");
  const std::string object = prediction_json_line(p, channels);
  expect(std::count(object.begin(), object.end(), '\n') == 1, "an object of JSON Lines is not on one line");

  const std::string table = prediction_csv_rows(p, channels, true);
  const std::string column = names[2].empty() ? names[1] : names[1] + "_" + names[2];
  std::size_t at = 0;
  expect(csv_text(table, at) == "time_s", "the first column is not the time");
  expect(is_the_text(csv_text(table, at), column), "a channel's name differs in the CSV");
  expect(csv_text(table, at) == "file", "the last column is not the file");
  expect(csv_text(table, at) == "0.0000" && csv_text(table, at) == "0", "the values are not in their columns");
  expect(is_the_text(csv_text(table, at), names[0]), "the recording's name differs in the CSV");
  expect(at == table.size(), "the CSV has more cells than columns");
}

}  // namespace cutract::fuzz
