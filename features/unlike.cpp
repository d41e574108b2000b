#include "features/unlike.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>
#include <utility>
#include <variant>

#include "features/streams.h"
#include "features/tables.h"

namespace cutract {
namespace {

// The thresholds separate the recordings of bench/levels.sh as they are, none of which causes a warning, from the same
// recordings 10 dB quieter, at 8 kHz, or with white noise at an SNR of 20 dB, each of which does.
constexpr double kLevelDb = 6;
constexpr double kSilence = 0.2;         // of the frames
constexpr double kClipped = 0.001;       // of the samples
constexpr double kFullScale = 1.05;      // decoders of lossy formats go a little beyond 1
constexpr double kSpread = 0.5;          // of the training's deviation: an empty band is nearly constant
constexpr double kBandDb = 6;            // an empty band is at least this far below the rest
constexpr double kUsualSpread = 0.55;    // of the training's deviation, median over the columns; noise reduces it
constexpr double kFarOnAverage = 1;      // deviations, mean over the columns
constexpr double kFarInOneColumn = 3.5;  // deviations

// The stream by which a recording is judged: the first normalised one of log-mels, otherwise of cepstra. Its first
// column is that of the frame itself in a row that deltas and context make wider.
struct Judged {
  FeatureConfig config;
  Index first = 0, columns = 0;  // no columns: no stream is computed from the samples

  explicit Judged(const FeatureConfig& c) : config(c) {
    const std::vector<StreamConfig> streams = streams_of(c);
    for (const StreamConfig& s : streams) {
      if (!s.options.normalise) continue;
      if (!s.is("mel") && (!s.is("mfcc") || columns > 0)) continue;
      config = s.options.features;
      columns = s.base;
      first = s.first + c.context * (streams.back().first + streams.back().width());
      if (s.is("mel")) return;
    }
  }
  bool mel() const { return columns > 0 && config.kind == FeatureKind::mel; }
};

// The size in dB of one unit of a log-mel.
double db_per_unit(const FeatureConfig& c) {
  if (c.log == LogScale::db) return 1;
  if (c.log == LogScale::ln) return 10 / std::log(10.0);
  return c.log == LogScale::whisper ? 40 : 10;
}

bool is_silent(const float* row, const Judged& by) {
  constexpr float kEqual = 1e-3f;
  if (by.columns == 0) return false;
  const float* at = row + by.first;
  const Index n = by.columns;
  if (n < 2) return false;
  if (!by.mel()) return std::all_of(at + 1, at + n, [](float v) { return std::abs(v) < kEqual; });
  const auto [least, most] = std::minmax_element(at, at + n);
  return *most - *least < kEqual;
}

Normaliser::Moments moments_of_sounding(View<const float, 2> rows, const Judged& by) {
  const auto C = static_cast<std::size_t>(rows.shape[1]);
  Normaliser::Moments m{0, std::vector<double>(C), std::vector<double>(C)};
  std::vector<bool> silent(static_cast<std::size_t>(rows.shape[0]));
  for (Index t = 0; t < rows.shape[0]; ++t) {
    silent[static_cast<std::size_t>(t)] = is_silent(rows.row(t), by);
    if (silent[static_cast<std::size_t>(t)]) continue;
    ++m.frames;
    for (std::size_t k = 0; k < C; ++k) m.mean[k] += static_cast<double>(rows.row(t)[k]);
  }
  if (m.frames == 0) return m;
  for (double& v : m.mean) v /= static_cast<double>(m.frames);
  for (Index t = 0; t < rows.shape[0]; ++t) {
    if (silent[static_cast<std::size_t>(t)]) continue;
    for (std::size_t k = 0; k < C; ++k) {
      const double d = static_cast<double>(rows.row(t)[k]) - m.mean[k];
      m.square[k] += d * d;
    }
  }
  return m;
}

double median(std::vector<double> v) {
  const auto middle = v.begin() + static_cast<std::ptrdiff_t>(v.size() / 2);
  std::nth_element(v.begin(), middle, v.end());
  return *middle;
}

// The log-mels of a recording compared with those of the training.
struct Bands {
  std::vector<double> above;   // dB by which mean plus half a deviation exceed the training's
  std::vector<double> spread;  // share of the training's deviation
  std::vector<double> hz;      // centre

  Bands(const Heard& heard, const Normaliser::Stats& whose, const Judged& by) {
    const FeatureConfig& c = by.config;
    const auto first = static_cast<std::size_t>(by.first);
    const MelBank bank = mel_bank(c);
    for (std::size_t m = 0; m < static_cast<std::size_t>(c.n_mels); ++m) {
      const double mean = heard.sounding.mean[first + m];
      const double std = std::sqrt(heard.sounding.square[first + m] / static_cast<double>(heard.sounding.frames));
      above.push_back((mean + std / 2 - whose.mean[first + m] - whose.std[first + m] / 2) * db_per_unit(c));
      spread.push_back(std / whose.std[first + m]);
      const double bin = bank.bin[m] + (bank.offset[m + 1] - bank.offset[m] - 1) / 2.0;
      hz.push_back(bin * c.sample_rate / c.n_fft);
    }
  }

  // The number of columns from the top (or the bottom) that are nearly constant and far below the rest.
  std::size_t empty(bool at_the_top) const {
    const double usual = median(above);
    const std::size_t M = above.size();
    std::size_t n = 0;
    for (; n < M; ++n) {
      const std::size_t m = at_the_top ? M - 1 - n : n;
      if (spread[m] > kSpread || above[m] > usual - kBandDb) break;
    }
    return n;
  }
};

std::string khz(double hz) { return fmt::format("{:.1f} kHz", hz / 1000); }

void look_at_bands(const Heard& heard, const Normaliser::Stats& whose, const Judged& by,
                   std::vector<std::string>& out) {
  const FeatureConfig& c = by.config;
  const Bands bands(heard, whose, by);
  const double level = median(bands.above);
  if (std::abs(level) >= kLevelDb)
    out.push_back(
        fmt::format("{:.0f} dB {} than the training data", std::abs(level), level < 0 ? "quieter" : "louder"));
  const std::size_t M = bands.above.size(), enough = std::max<std::size_t>(2, M / 20);
  const std::size_t top = bands.empty(true), bottom = bands.empty(false);
  if (top == M || bottom == M) return;
  if (top >= enough)
    out.push_back(fmt::format("nothing above about {}, while the training data reach {}", khz(bands.hz[M - 1 - top]),
                              khz(c.fmax_hz)));
  if (bottom >= enough)
    out.push_back(fmt::format("nothing below about {:.0f} Hz, while the training data start at {:.0f} Hz",
                              bands.hz[bottom], bands.hz[0]));
  if (const double spread = median(bands.spread); spread < kUsualSpread && heard.sounding.frames >= enough_frames(c))
    out.push_back(
        fmt::format("its features vary {:.2f} times as much as those of training, as with background noise", spread));
}

void look_at_deviations(const Heard& heard, const Normaliser::Stats& whose, const FeatureConfig& c,
                        std::vector<std::string>& out) {
  const std::vector<Column> columns = columns_of(c);
  double sum = 0, most = 0;
  Index count = 0;
  for (std::size_t k = 0; k < whose.mean.size(); ++k) {
    if (!columns[k].normalise) continue;
    ++count;
    const double z = std::abs(heard.sounding.mean[k] - whose.mean[k]) / whose.std[k];
    sum += z;
    most = std::max(most, z);
  }
  if (count == 0) return;
  const double mean = sum / static_cast<double>(count);
  if (mean >= kFarOnAverage || most >= kFarInOneColumn)
    out.push_back(
        fmt::format("its features are {:.1f} standard deviations from those of training on average, {:.1f} at "
                    "most",
                    mean, most));
}

void look_at_samples(const Heard& heard, std::vector<std::string>& out) {
  if (heard.samples == 0) return;
  if (heard.peak > kFullScale)
    out.push_back(fmt::format("samples reach {:.4g} times full scale (expected -1 to 1)", heard.peak));
  const double share = static_cast<double>(heard.clipped) / static_cast<double>(heard.samples);
  if (share >= kClipped && heard.peak <= kFullScale)
    out.push_back(fmt::format("{:.1f} % of the samples are clipped", 100 * share));
}

}  // namespace

void Heard::merge(const Heard& other) {
  samples += other.samples;
  peak = std::max(peak, other.peak);
  clipped += other.clipped;
  frames += other.frames;
  sounding.merge(other.sounding);
}

Heard measure(Exec& ex, const Frames& features, const FeatureConfig& c) {
  Heard heard;
  heard.frames = features.rows();
  std::optional<Matrix> copy;
  if (!std::holds_alternative<CpuExec>(ex)) copy = features.matrix(ex);
  const View<float, 2> at = features.view();
  const View<const float, 2> rows = copy ? std::as_const(*copy).view() : View<const float, 2>(at.data, at.shape);
  heard.sounding = moments_of_sounding(rows, Judged(c));
  return heard;
}

std::vector<Normaliser::Level> level_columns(const FeatureConfig& c) {
  std::vector<Normaliser::Level> out;
  const std::vector<Column> columns = columns_of(c);
  const Judged by(c);
  if (by.columns == 0) return out;
  const double unit = columns[static_cast<std::size_t>(by.first)].per_db;
  for (std::size_t k = 0; k < columns.size(); ++k)
    if (columns[k].per_db != 0 && columns[k].normalise)
      out.push_back({static_cast<Index>(k), columns[k].per_db / unit});
  return out;
}

Index enough_frames(const FeatureConfig& c) { return 2 * c.sample_rate / c.hop_samples; }

double level_beside_training(const Heard& heard, const Normaliser::Stats& whose, const FeatureConfig& c) {
  if (heard.sounding.frames == 0) return 0;
  const Judged by(c);
  if (by.columns == 0) return 0;
  if (by.mel()) return median(Bands(heard, whose, by).above) / db_per_unit(by.config);
  const auto zeroth = static_cast<std::size_t>(by.first);
  return heard.sounding.mean[zeroth] - whose.mean[zeroth];
}

Heard lowered(const Heard& heard, double level, const FeatureConfig& c) {
  Heard out = heard;
  if (out.sounding.frames == 0) return out;
  for (const auto& [column, per_unit] : level_columns(c))
    out.sounding.mean[static_cast<std::size_t>(column)] -= level * per_unit;
  return out;
}

std::vector<std::string> unlike_training(const Heard& heard, const Normaliser::Stats& whose, const FeatureConfig& c) {
  std::vector<std::string> out;
  look_at_samples(heard, out);
  if (heard.frames > 0 && heard.sounding.frames == 0) {
    out.emplace_back("it is silent throughout");
    return out;
  }
  const double silence = static_cast<double>(heard.silent()) / static_cast<double>(std::max<Index>(heard.frames, 1));
  if (silence >= kSilence) out.push_back(fmt::format("{:.0f} % of it is digital silence", 100 * silence));
  if (heard.sounding.frames == 0) return out;
  if (const Judged by(c); by.mel()) look_at_bands(heard, whose, by, out);
  look_at_deviations(heard, whose, c, out);
  return out;
}

}  // namespace cutract
