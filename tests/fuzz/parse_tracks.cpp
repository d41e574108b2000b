#include <cmath>

#include "host/io/est_track.h"
#include "host/io/stored_track.h"
#include "tests/fuzz/parsers.h"

namespace cutract::fuzz {
namespace {

void expect_track(const StoredTrack& t) {
  const auto rows = static_cast<std::size_t>(t.values.rows), cols = static_cast<std::size_t>(t.values.cols);
  expect(rows > 0 && cols > 0, "a track has no rows or no columns");
  expect(t.values.values.size() == rows * cols, "rows and columns do not match the values");
  expect(t.channels.size() == cols, "columns do not match the channels");
  expect(
      t.times.empty() ? t.rate_hz > 0 && std::isfinite(t.rate_hz) && std::isfinite(t.first_s) : t.times.size() == rows,
      "rows have neither times nor a rate");
  for (const double time : t.times) expect(std::isfinite(time), "a time is not finite");
}

}  // namespace

void parse_est(std::string_view bytes) { expect_track(parse_est_track(bytes, "a.ema")); }

}  // namespace cutract::fuzz
