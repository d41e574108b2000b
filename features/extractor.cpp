#include "features/extractor.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "features/tables.h"
#include "host/core/log.h"
#include "host/core/plant.h"
#include "host/io/audio.h"
#include "host/io/sha256.h"
#include "kernels/dct.h"
#include "kernels/deltas.h"
#include "kernels/mel.h"
#include "kernels/splice.h"

namespace cutract {
namespace {

template <class T>
View<const T, 1> view(const std::vector<T>& v) {
  return {v.data(), {static_cast<Index>(v.size())}};
}

bool centred(const FeatureConfig& c) { return c.framing == "centre-zero" || c.framing == "centre-reflect"; }

// First sample under the window of frame 0. A centred window lies in the middle of the FFT's frame.
Index first_sample(const FeatureConfig& c) {
  if (c.framing == "snip") return 0;
  if (c.framing == "cover") return c.hop_samples / 2 - c.win_samples / 2;
  return (c.n_fft - c.win_samples) / 2 - c.n_fft / 2;
}

Edge edge_of(const FeatureConfig& c) {
  return c.framing == "centre-reflect" ? Edge::reflect : c.framing == "cover" ? Edge::mirror : Edge::zero;
}

void warn_of_empty_filters(const MelBank& bank, const FeatureConfig& c) {
  int empty = 0;
  for (std::size_t m = 0; m < bank.bin.size(); ++m) empty += bank.offset[m] == bank.offset[m + 1];
  if (empty > 0)
    log::warn(
        fmt::format("features.n_mels: {} of {} filters lie between two bins of the FFT ({} points) and will be "
                    "constant; expected none, use fewer filters or a larger n_fft",
                    empty, c.n_mels, c.n_fft));
}

}  // namespace

struct Extractor::Tables {
  std::vector<double> window, roots;
  MelBank bank;
  std::vector<double> dct;
};

Extractor::Extractor(FeatureConfig config) : config_(checked(std::move(config))) {
  Tables t{window_table(config_), root_table(config_), mel_bank(config_), {}};
  if (config_.kind == "mfcc") t.dct = dct_table(config_);
  warn_of_empty_filters(t.bank, config_);
  tables_ = std::make_shared<const Tables>(std::move(t));
}

Index Extractor::dim() const {
  const Index columns = config_.kind == "mfcc" ? config_.n_mfcc : config_.n_mels;
  return columns * (1 + config_.deltas) * (1 + 2 * config_.context);
}

Index Extractor::frames(Index samples) const {
  const FeatureConfig& c = config_;
  Index n = 0;
  if (c.framing == "cover") {
    n = (samples + c.hop_samples / 2) / c.hop_samples;
  } else if (samples > 0 || c.framing == "centre-zero") {
    const Index frame = centred(c) ? c.n_fft % 2 : c.win_samples;  // samples that the first frame needs
    n = samples < frame ? 0 : 1 + (samples - frame) / c.hop_samples;
  }
  return c.drop_last ? std::max<Index>(n - 1, 0) : n;
}

double Extractor::first_centre_s() const {
  const double hop = config_.hop_samples;
  const double centre = (centred(config_)            ? 0
                         : config_.framing == "snip" ? config_.win_samples / 2.0
                                                     : hop / 2) +
                        (CUTRACT_PLANTED("frame_centre_late") ? hop : 0);
  return centre / config_.sample_rate;
}

double Extractor::step_s() const { return static_cast<double>(config_.hop_samples) / config_.sample_rate; }

Matrix Extractor::operator()(Exec& ex, std::span<const float> samples) const {
  const FeatureConfig& c = config_;
  const Index T = frames(static_cast<Index>(samples.size()));
  const bool whisper = c.log == "whisper";

  Matrix x(T, c.n_mels);
  MelArgs a;
  a.samples = {samples.data(), {static_cast<Index>(samples.size())}};
  a.window = view(tables_->window);
  a.roots = {tables_->roots.data(), {c.n_fft, 2}};
  a.filter_bin = view(tables_->bank.bin);
  a.filter_offset = view(tables_->bank.offset);
  a.filter_weight = view(tables_->bank.weight);
  a.n_fft = c.n_fft, a.hop = c.hop_samples, a.first = first_sample(c), a.edge = edge_of(c);
  a.sample_scale = c.sample_scale, a.preemphasis = c.preemphasis, a.remove_dc = c.remove_dc;
  a.log = c.log == "db" ? LogUnit::db : c.log == "ln" ? LogUnit::ln : LogUnit::log10;
  a.floor = c.log_floor, a.add_floor = c.log_offset;
  a.range = whisper ? 8 : c.log == "db" ? c.top_db : 0;
  if (whisper) a.shift = 4, a.gain = 0.25;
  a.out = x.view();
  mel(ex, a);

  if (c.kind == "mfcc") {
    Matrix cepstra(T, c.n_mfcc);
    dct(ex, {std::as_const(x).view(), {tables_->dct.data(), {c.n_mfcc, c.n_mels}}, cepstra.view()});
    x = std::move(cepstra);
  }
  if (c.deltas > 0) {
    Matrix with(T, x.cols * (1 + c.deltas));
    deltas(ex, {std::as_const(x).view(), c.delta_window / 2, with.view()});
    x = std::move(with);
  }
  if (c.context > 0) {
    Matrix wide(T, x.cols * (1 + 2 * c.context));
    splice(ex, {std::as_const(x).view(), wide.view()});
    x = std::move(wide);
  }
  return x;
}

Matrix Extractor::from_audio(Exec& ex, std::span<const float> samples, int sample_rate) const {
  if (sample_rate == config_.sample_rate) return (*this)(ex, samples);
  return (*this)(ex, resample(samples, sample_rate, config_.sample_rate));
}

std::string Extractor::hash() const {
  FeatureConfig c = config_;
  FieldTable table;
  fields(table, c);
  return sha256_hex(write_config(table));
}

}  // namespace cutract
