#include <cmath>
#include <string>
#include <vector>

#include "host/core/error.h"
#include "host/corpus/csv.h"
#include "host/corpus/importers/even_track.h"
#include "host/corpus/importers/table_track.h"
#include "tests/fuzz/parsers.h"

namespace cutract::fuzz {
namespace {

constexpr double kAudio_s = 1;

void expect_usable(const StoredTrack& table) {
  const auto rows = static_cast<std::size_t>(table.values.rows), cols = static_cast<std::size_t>(table.values.cols);
  expect(table.values.values.size() == rows * cols, "rows and columns do not match the values");
  expect(cols == table.channels.size() && cols > 0, "columns do not match the channels");
  expect(table.times.empty() || table.times.size() == rows, "there are not as many times as rows");
  for (const float v : table.values.values) expect(!std::isinf(v), "a table holds an infinite value");
  TimeRules rules;
  if (table.times.empty()) rules.rate_hz = 10;
  EvenTrack track;
  try {
    track = even_track(table, rules, 0, kAudio_s, "table");
  } catch (const Error&) { return; }  // it does not fit the audio
  expect(track.values.rows > 0 && track.rate_hz >= 1, "a track has no rows or no rate");
  expect(std::abs(static_cast<double>(track.values.rows) / track.rate_hz - kAudio_s) <=
             std::max(0.02, 1 / track.rate_hz) + 1e-6,
         "a track is longer than its audio");
  for (const float v : track.values.values) expect(!std::isinf(v), "a track holds an infinite value");
}

}  // namespace

void parse_table_csv(std::string_view bytes) {
  std::vector<std::string> problems;
  const std::vector<std::string> required{"utterance"}, optional{"speaker", "split", "text"};
  const TsvTable list = parse_csv(bytes, "utterances.csv", required, optional, problems);
  for (const TsvTable::Row& row : list.rows)
    expect(row.fields.size() == list.columns.size(), "a row has a different number of fields from the header line");
  expect_usable(parse_table_track(bytes, "table.csv", {}));
}

void parse_table_npz(std::string_view bytes) {
  TrackFormat format;
  format.channels = {"a", "b"};
  format.needs_times = false;
  expect_usable(parse_table_track(bytes, "table.npz", format));
}

}  // namespace cutract::fuzz
