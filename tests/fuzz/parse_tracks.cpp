#include <cmath>
#include <vector>

#include "host/io/ag501_pos.h"
#include "host/io/ema_text.h"
#include "host/io/est_track.h"
#include "host/io/mview.h"
#include "host/io/ssff.h"
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

void parse_xrmb(std::string_view bytes) { expect_track(cutract::parse_xrmb(bytes, "a.txy")); }

void parse_mocha(std::string_view bytes) { expect_track(parse_mocha_text(bytes, "a.ema")); }

void parse_ag501(std::string_view bytes) {
  expect_track(cutract::parse_ag501(bytes, "a.pos", {}, "xyz"));
  const StoredTrack one = cutract::parse_ag501(bytes, "a.pos", {{1, "tt"}}, "z");
  expect_track(one);
  expect(one.values.cols == 1, "a chosen sensor has other than one channel for each axis");
}

void parse_ssff(std::string_view bytes) { expect_track(cutract::parse_ssff(bytes, "a.tt")); }

void parse_mview(std::string_view bytes) {
  const std::vector<MviewSignal> signals = cutract::parse_mview(bytes, "a.mat");
  expect(!signals.empty(), "there are no signals");
  std::size_t numbers = 0;
  for (const MviewSignal& s : signals) {
    expect(s.rate_hz > 0 && std::isfinite(s.rate_hz), "a signal has no rate");
    expect(!s.name.empty(), "a signal has no name");
    expect(s.values.values.size() == static_cast<std::size_t>(s.values.rows * s.values.cols) && s.values.rows > 0,
           "rows and columns do not match the values");
    numbers += s.values.values.size();
  }
  expect(numbers * sizeof(float) <= 4 * bytes.size() + 256 * kKiB, "numbers take more than the file allows");
}

}  // namespace cutract::fuzz
