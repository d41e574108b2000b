#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "host/core/error.h"
#include "host/core/text.h"
#include "host/corpus/corpus.h"
#include "host/corpus/importers/table_track.h"
#include "host/corpus/lowpass.h"

namespace cutract {
namespace {

constexpr double kSlack_s = 0.020;  // by which a track and its audio may differ, or one frame if that is more
constexpr double kRounding_s = 1e-9;
constexpr double kOffGrid = 0.01;    // of a frame: closer times count as those of the grid
constexpr double kMostMissing = 3;   // usual steps between two rows; a longer gap is not filled
constexpr double kOtherRate = 0.01;  // by which the rate of a track may differ from that of the corpus
constexpr double kMostLonger = 10, kMostShorter = 100;    // times the audio; otherwise the times are not in this unit
constexpr double kLowestRate = 1, kHighestRate = 100000;  // Hz, what corpus.toml may say
constexpr int kOrder = 5;                                 // of the low-pass

// Rates are written with few digits: 199.98 Hz measured on rounded times means 200 Hz.
double rounded_rate(double hz) {
  const double whole = std::round(hz);
  return whole > 0 && std::abs(hz - whole) < 0.002 * whole ? whole : std::round(hz * 1000) / 1000;
}

double usual_step(const std::vector<double>& times) {
  std::vector<double> steps(times.size() - 1);
  for (std::size_t i = 0; i + 1 < times.size(); ++i) steps[i] = times[i + 1] - times[i];
  const auto middle = steps.begin() + std::ssize(steps) / 2;
  std::nth_element(steps.begin(), middle, steps.end());
  return *middle;
}

// Converts times to seconds, and checks that rows are in order and none is missing.
std::vector<double> seconds_of(const TableTrack& track, const TimeRules& rules, const std::string& path) {
  const auto refuse = [&](const std::string& why) { fail(Fault::data, path + ": " + why); };
  std::vector<double> times = track.times;
  if (times.size() < 2) refuse(fmt::format("has {}, expected at least 2", counted(std::ssize(times), "row")));
  const double zero = rules.from_first ? times.front() : 0;
  for (double& t : times) t = (t - zero) * rules.scale;
  for (std::size_t i = 1; i < times.size(); ++i)
    if (!(times[i] > times[i - 1]))
      refuse(fmt::format("the time of row {} is {}, not after {} of the row before; rows must be in order of time",
                         i + 1, number_text(track.times[i]), number_text(track.times[i - 1])));
  const double step = usual_step(times);
  for (std::size_t i = 1; i < times.size(); ++i)
    if (const double gap = times[i] - times[i - 1]; gap > kMostMissing * step + kRounding_s)
      refuse(fmt::format(
          "{:.4g} s pass between rows {} and {}, usually {:.4g} s; rows are missing, and a gap of more than "
          "{:.0f} frames is not filled",
          gap, i, i + 1, step, kMostMissing));
  return times;
}

// Times in another unit give an impossible rate, or a track of a very different length.
void check_unit(const std::vector<double>& times, double audio_s, const std::string& path) {
  const double rate = static_cast<double>(times.size() - 1) / (times.back() - times.front());
  if (!(rate >= kLowestRate && rate <= kHighestRate))
    fail(Fault::data,
         fmt::format("{}: has {:.4g} rows per second by its times, expected {:.0f} to {:.0f}; --time-unit says "
                     "whether times are in s or ms",
                     path, rate, kLowestRate, kHighestRate));
  if (times.back() > kMostLonger * audio_s || kMostShorter * times.back() < audio_s)
    fail(Fault::data,
         fmt::format("{}: its times go to {:.4g} s, but the audio lasts {:.3f} s; --time-unit says whether times "
                     "are in s or ms",
                     path, times.back(), audio_s));
}

void smooth(Matrix& values, double rate, double lowpass_hz, const std::string& path) {
  if (lowpass_hz == 0) return;
  if (lowpass_hz >= rate / 2)
    fail(Fault::data, fmt::format("{}: --lowpass {} needs more than {} rows per second, and it has {}", path,
                                  number_text(lowpass_hz), number_text(2 * lowpass_hz), number_text(rate)));
  lowpass_zero_phase(values.view(), rate, lowpass_hz, kOrder);
}

// Interpolates rows at these times to k / rate, from 0 to the end of the times, at most `frames` of them.
Matrix interpolated(const Matrix& values, const std::vector<double>& times, double rate, Index frames) {
  const double last = times.back() * rate;
  const Index rows = std::min(frames, static_cast<Index>(std::floor(last + kOffGrid)) + 1);
  Matrix out(rows, values.cols);
  std::size_t after = 1;
  for (Index k = 0; k < rows; ++k) {
    const double t = std::clamp(static_cast<double>(k) / rate, times.front(), times.back());
    while (after + 1 < times.size() && times[after] < t) ++after;
    const double weight = std::clamp((t - times[after - 1]) / (times[after] - times[after - 1]), 0.0, 1.0);
    const float* a = values.row(static_cast<Index>(after) - 1);
    const float* b = values.row(static_cast<Index>(after));
    for (Index c = 0; c < values.cols; ++c) out.row(k)[c] = static_cast<float>((1 - weight) * a[c] + weight * b[c]);
  }
  return out;
}

bool on_grid(const std::vector<double>& times, double rate) {
  for (std::size_t k = 0; k < times.size(); ++k)
    if (std::abs(times[k] * rate - static_cast<double>(k)) > kOffGrid) return false;
  return true;
}

// Says why a track of this length does not fit its audio.
[[noreturn]] void fail_length(const std::string& path, const EvenTrack& track, double audio_s, bool has_times) {
  const double track_s = static_cast<double>(track.values.rows) / track.rate_hz;
  const double slack = std::max(kSlack_s, 1 / track.rate_hz);
  const double fitting = static_cast<double>(track.values.rows) / audio_s;
  std::string hint;
  if (!has_times && std::abs(track_s / audio_s - 1) > 0.02)
    hint = fmt::format("; at --rate {} they would be the same", number_text(rounded_rate(fitting)));
  fail(
      Fault::data,
      fmt::format("{}: {} last {:.3f} s at {} Hz, the audio {:.3f} s; expected the same within {:.0f} ms{}", path,
                  counted(track.values.rows, "row"), track_s, number_text(track.rate_hz), audio_s, 1000 * slack, hint));
}

void shorten(EvenTrack& track, double audio_s) {
  const auto frames = std::clamp<Index>(std::llround(audio_s * track.rate_hz), 1, track.values.rows);
  track.values.rows = frames;
  track.values.values.resize(static_cast<std::size_t>(frames * track.values.cols));
  track.shortened = true;
}

EvenTrack by_times(TableTrack table, const TimeRules& rules, double corpus_hz, double audio_s,
                   const std::string& path) {
  const std::vector<double> times = seconds_of(table, rules, path);
  const double own = static_cast<double>(times.size() - 1) / (times.back() - times.front());
  if (times.back() < 0)
    fail(Fault::data, fmt::format("{}: its last time is {:.3f} s, before the start of the audio", path, times.back()));
  check_unit(times, audio_s, path);
  EvenTrack track;
  track.rate_hz = rules.rate_hz ? *rules.rate_hz : corpus_hz > 0 ? corpus_hz : rounded_rate(own);
  if (!rules.rate_hz && std::abs(own / track.rate_hz - 1) > kOtherRate)
    fail(Fault::data, fmt::format("{}: has {} rows per second, the tables before it {}; with --rate HZ, all are "
                                  "interpolated to one rate",
                                  path, number_text(rounded_rate(own)), number_text(track.rate_hz)));
  const double slack = std::max(kSlack_s, 1 / track.rate_hz) + kRounding_s;
  if (times.front() > slack)
    fail(Fault::data,
         fmt::format("{}: its first time is {:.3f} s, expected at most {:.3f} s after the start of the audio; "
                     "if the audio starts with the first row, use --time-from-first",
                     path, times.front(), slack));
  Matrix values = std::move(table.values);
  smooth(values, own, rules.lowpass_hz, path);
  const auto frames = static_cast<Index>(std::ceil((audio_s + slack) * track.rate_hz)) + 1;
  track.values = on_grid(times, track.rate_hz) ? std::move(values) : interpolated(values, times, track.rate_hz, frames);
  if (static_cast<double>(track.values.rows) / track.rate_hz > audio_s + slack) shorten(track, audio_s);
  return track;
}

}  // namespace

EvenTrack even_track(TableTrack table, const TimeRules& rules, double corpus_hz, double audio_s,
                     const std::string& path) {
  EvenTrack track;
  const bool has_times = !table.times.empty();
  if (table.values.rows == 0) fail(Fault::data, path + ": holds no rows");
  if (has_times) {
    track = by_times(std::move(table), rules, corpus_hz, audio_s, path);
  } else {
    track.rate_hz = rules.rate_hz.value_or(0);
    if (track.rate_hz <= 0) fail(Fault::internal, path + ": has neither times nor a rate");
    track.values = std::move(table.values);
    smooth(track.values, track.rate_hz, rules.lowpass_hz, path);
  }
  const double slack = std::max(kSlack_s, 1 / track.rate_hz) + kRounding_s;
  if (std::abs(static_cast<double>(track.values.rows) / track.rate_hz - audio_s) > slack)
    fail_length(path, track, audio_s, has_times);
  return track;
}

}  // namespace cutract
