#include "host/corpus/importers/even_track.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "host/core/error.h"
#include "host/core/missing.h"
#include "host/core/text.h"
#include "host/corpus/lowpass.h"
#include "host/corpus/slack.h"

namespace cutract {
namespace {

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

// The times of rows in seconds: those of the file, or at a rate.
class RowTimes {
 public:
  explicit RowTimes(std::vector<double> times) : times_(std::move(times)), rows_(times_.size()) {}
  RowTimes(std::size_t rows, double rate_hz, double first_s) : rows_(rows), rate_hz_(rate_hz), first_s_(first_s) {}

  std::size_t rows() const { return rows_; }
  double operator[](std::size_t row) const {
    return times_.empty() ? first_s_ + static_cast<double>(row) / rate_hz_ : times_[row];
  }
  double first() const { return (*this)[0]; }
  double last() const { return (*this)[rows_ - 1]; }
  double rate_hz() const { return times_.empty() ? rate_hz_ : static_cast<double>(rows_ - 1) / (last() - first()); }

  // Returns the first row whose time is at least `seconds`; the number of rows if there is none.
  std::size_t first_at(double seconds) const {
    std::size_t low = 0, high = rows_;
    while (low < high) {
      const std::size_t middle = low + (high - low) / 2;
      if ((*this)[middle] < seconds)
        low = middle + 1;
      else
        high = middle;
    }
    return low;
  }
  // Keeps the rows from `first` up to `end`.
  void keep(std::size_t first, std::size_t end) {
    first_s_ = (*this)[first];
    rows_ = end - first;
    if (times_.empty()) return;
    times_.resize(end);
    times_.erase(times_.begin(), times_.begin() + static_cast<std::ptrdiff_t>(first));
  }

 private:
  std::vector<double> times_;
  std::size_t rows_;
  double rate_hz_ = 0, first_s_ = 0;
};

// Converts times to seconds, and checks that rows are in order and none is missing.
RowTimes times_of(StoredTrack& track, const TimeRules& rules, const std::string& path) {
  const auto refuse = [&](const std::string& why) { fail(Fault::data, path + ": " + why); };
  std::vector<double> times = std::move(track.times);
  if (times.size() < 2) refuse(fmt::format("has {}, expected at least 2", counted(std::ssize(times), "row")));
  for (std::size_t i = 1; i < times.size(); ++i)
    if (!(times[i] > times[i - 1]))
      refuse(fmt::format("the time of row {} is {}, but that of row {} is {}; times must increase", i + 1,
                         number_text(times[i]), i, number_text(times[i - 1])));
  const double zero = rules.from_first ? times.front() : 0;
  for (double& t : times) t = (t - zero) * rules.scale;
  const double step = usual_step(times);
  for (std::size_t i = 1; i < times.size(); ++i)
    if (const double gap = times[i] - times[i - 1]; gap > (kMostMissing + kOffGrid) * step)
      refuse(
          fmt::format("rows {} and {} are {:.4g} s apart, usually {:.4g} s; rows are missing, and gaps of more than "
                      "{:.0f} frames are not filled",
                      i, i + 1, gap, step, kMostMissing));
  return RowTimes(std::move(times));
}

// Times in another unit give an impossible rate, or a track of a very different length.
void check_unit(const RowTimes& times, const TimeRules& rules, double audio_s, const std::string& path) {
  const double rate = times.rate_hz();
  if (!(rate >= kLowestRate && rate <= kHighestRate))
    fail(Fault::data, fmt::format("{}: its times give {:.4g} rows per second, expected {:.0f} to {:.0f}{}", path, rate,
                                  kLowestRate, kHighestRate, rules.unit_hint));
  if (times.last() > kMostLonger * audio_s || kMostShorter * times.last() < audio_s)
    fail(Fault::data, fmt::format("{}: its last time is {:.4g} s, but the audio lasts {:.3f} s{}", path, times.last(),
                                  audio_s, rules.unit_hint));
}

void smooth(Matrix& values, double rate, double lowpass_hz, const std::string& path) {
  if (lowpass_hz == 0) return;
  if (lowpass_hz >= rate / 2)
    fail(Fault::data, fmt::format("{}: --lowpass {} needs more than {} rows per second, and it has {}", path,
                                  number_text(lowpass_hz), number_text(2 * lowpass_hz), number_text(rate)));
  lowpass_zero_phase(values.view(), rate, lowpass_hz, kOrder);
}

// Interpolates `rows` rows at k / rate from rows at these times.
Matrix interpolated(const Matrix& values, const RowTimes& times, double rate, Index rows) {
  Matrix out(rows, values.cols);
  std::size_t after = std::min<std::size_t>(1, times.rows() - 1);
  for (Index k = 0; k < rows; ++k) {
    const double t = std::clamp(static_cast<double>(k) / rate, times.first(), times.last());
    while (after + 1 < times.rows() && times[after] < t) ++after;
    const std::size_t before = after == 0 ? 0 : after - 1;
    const double step = times[after] - times[before];
    const double weight = step > 0 ? std::clamp((t - times[before]) / step, 0.0, 1.0) : 0;
    const float* a = values.row(static_cast<Index>(before));
    const float* b = values.row(static_cast<Index>(after));
    for (Index c = 0; c < values.cols; ++c) out.row(k)[c] = between(a[c], b[c], weight);
  }
  return out;
}

bool on_grid(const RowTimes& times, double rate) {
  for (std::size_t k = 0; k < times.rows(); ++k)
    if (std::abs(times[k] * rate - static_cast<double>(k)) > kOffGrid) return false;
  return true;
}

// The length of a track in rows of the corpus. It may be any number, so it is compared with the audio before anything
// of that size is allocated.
struct Length {
  double rows = 0, rate_hz = 0;
  double seconds() const { return rows / rate_hz; }
};

Length length_of(const RowTimes& times, double rate, bool on_grid) {
  const double rows = on_grid ? static_cast<double>(times.rows()) : std::floor(times.last() * rate + kOffGrid) + 1;
  return {rows, rate};
}

// How many rows and how much audio to keep so that both end together.
struct Fit {
  Index rows = 0;
  double audio_s = 0, cut_ms = 0;
};

// Says why a track of this length does not fit its audio. `unsure`: the rate is what the user said.
[[noreturn]] void fail_length(const std::string& path, const Length& track, double audio_s, double slack, bool unsure) {
  constexpr double kMostShown = 1e18;
  std::string hint;
  if (unsure && std::abs(track.seconds() / audio_s - 1) > 0.02)
    hint = fmt::format("; with --rate {} they would agree", number_text(rounded_rate(track.rows / audio_s)));
  fail(Fault::data,
       fmt::format("{}: {} last {:.3f} s at {} Hz, the audio {:.3f} s; expected the same within {:.0f} ms{}", path,
                   counted(static_cast<Index>(std::min(track.rows, kMostShown)), "row"), track.seconds(),
                   number_text(track.rate_hz), audio_s, 1000 * slack, hint));
}

// Refuses a difference that is too large. `by_times`: rows say their times.
Fit fit_to_audio(const Length& track, const TimeRules& rules, bool by_times, double audio_s, const std::string& path) {
  const double slack = slack_s(track.rate_hz);
  const double difference = track.seconds() - audio_s;
  if (std::abs(difference) <= slack + kRounding_s) return {static_cast<Index>(track.rows), audio_s, 0};
  const double most = std::max(rules.trim_s.value_or(0), slack);
  const bool may_cut_rows = rules.trim_s ? difference <= most + kRounding_s : by_times;
  if (difference > 0 ? !may_cut_rows : -difference > most + kRounding_s)
    fail_length(path, track, audio_s, most, !by_times && !rules.trim_s);
  if (difference < 0) return {static_cast<Index>(track.rows), track.seconds(), 0};
  return {std::max<Index>(std::llround(audio_s * track.rate_hz), 1), audio_s, 1000 * difference};
}

// Removes the rows that no frame of the corpus needs: those before the start of the audio, and those after its end if
// the end of the track is cut off. A gap in them is no reason to skip a recording.
void keep_needed(Matrix& values, RowTimes& times, const Fit& fit, double rate, bool on_grid) {
  const std::size_t after_start = times.first_at(kRounding_s);
  std::size_t first = after_start > 0 ? after_start - 1 : 0, end = times.rows();
  if (on_grid) first = 0;
  if (fit.cut_ms > 0)
    end = on_grid ? static_cast<std::size_t>(fit.rows)
                  : std::min(end, times.first_at(static_cast<double>(fit.rows - 1) / rate) + 1);
  end = std::max(end, first + 1);
  times.keep(first, end);
  const auto cols = static_cast<std::size_t>(values.cols);
  values.values.resize(end * cols);
  values.values.erase(values.values.begin(), values.values.begin() + static_cast<std::ptrdiff_t>(first * cols));
  values.rows = static_cast<Index>(end - first);
}

double rate_for(double own, const TimeRules& rules, double corpus_hz, const std::string& path) {
  const double rate = rules.rate_hz ? *rules.rate_hz : corpus_hz > 0 ? corpus_hz : rounded_rate(own);
  if (!rules.rate_hz && std::abs(own / rate - 1) > kOtherRate)
    fail(Fault::data, fmt::format("{}: has {} rows per second, earlier files have {}; use --rate HZ to interpolate "
                                  "all of them to one rate",
                                  path, number_text(rounded_rate(own)), number_text(rate)));
  return rate;
}

RowTimes row_times(StoredTrack& track, const TimeRules& rules, const std::string& path) {
  if (!track.times.empty()) return times_of(track, rules, path);
  const double rate = track.rate_hz > 0 ? track.rate_hz : rules.rate_hz.value_or(0);
  if (rate <= 0) fail(Fault::internal, path + ": has neither times nor a rate");
  return {static_cast<std::size_t>(track.values.rows), rate, track.first_s};
}

void check_first(const RowTimes& times, const TimeRules& rules, double rate, const std::string& path) {
  const double latest = slack_s(rate) + kRounding_s;
  if (times.first() > latest)
    fail(Fault::data,
         fmt::format("{}: its first time is {:.3f} s, expected at most {:.3f} s after the start of the audio{}", path,
                     times.first(), latest, rules.start_hint));
}

}  // namespace

EvenTrack even_track(StoredTrack stored, const TimeRules& rules, double corpus_hz, double audio_s,
                     const std::string& path) {
  if (stored.values.rows == 0) fail(Fault::data, path + ": holds no rows");
  const bool by_times = !stored.times.empty();
  RowTimes times = row_times(stored, rules, path);
  if (times.last() < 0)
    fail(Fault::data, fmt::format("{}: its last time is {:.3f} s, before the start of the audio", path, times.last()));
  if (by_times) check_unit(times, rules, audio_s, path);
  const double own_hz = times.rate_hz();
  EvenTrack track;
  track.rate_hz = rate_for(own_hz, rules, corpus_hz, path);
  check_first(times, rules, track.rate_hz, path);
  const bool as_stored = on_grid(times, track.rate_hz);
  const Fit fit = fit_to_audio(length_of(times, track.rate_hz, as_stored), rules, by_times, audio_s, path);
  track.audio_s = fit.audio_s;
  track.cut_ms = fit.cut_ms;
  Matrix values = std::move(stored.values);
  keep_needed(values, times, fit, track.rate_hz, as_stored);
  expect_measurements(values, stored.channels, path);
  track.gaps = fill_gaps(values, own_hz, rules.fill_gaps_ms);
  smooth(values, own_hz, rules.lowpass_hz, path);
  track.values = as_stored ? std::move(values) : interpolated(values, times, track.rate_hz, fit.rows);
  track.left = gaps_in(track.values, track.rate_hz);
  return track;
}

}  // namespace cutract
