#include "features/extractor.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <utility>
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

MelArgs mel_args(const FeatureConfig& c) {
  const bool whisper = c.log == "whisper";
  MelArgs a;
  a.n_fft = c.n_fft, a.hop = c.hop_samples, a.first = first_sample(c), a.edge = edge_of(c);
  a.sample_scale = c.sample_scale, a.preemphasis = c.preemphasis, a.remove_dc = c.remove_dc;
  a.log = c.log == "db" ? LogUnit::db : c.log == "ln" ? LogUnit::ln : LogUnit::log10;
  a.floor = c.log_floor, a.add_floor = c.log_offset;
  a.range = whisper ? 8 : c.log == "db" ? c.top_db : 0;
  if (whisper) a.shift = 4, a.gain = 0.25;
  return a;
}

struct TableViews {
  View<const double, 1> window, roots;
  View<const std::int32_t, 1> bin, offset;
  View<const double, 1> weight, dct;
};

}  // namespace

struct Extractor::Tables {
  std::vector<double> window, roots;
  MelBank bank;
  std::vector<double> dct;

  TableViews in_memory_of(Exec& ex) const {
    if (std::holds_alternative<CpuExec>(ex))
      return {view(window), view(roots), view(bank.bin), view(bank.offset), view(bank.weight), view(dct)};
    const std::lock_guard lock(mutex_);
    if (!on_gpu_)
      on_gpu_.reset(
          new OnGpu{{ex, window}, {ex, roots}, {ex, bank.bin}, {ex, bank.offset}, {ex, bank.weight}, {ex, dct}});
    const OnGpu& g = *on_gpu_;
    return {g.window.view(), g.roots.view(), g.bin.view(), g.offset.view(), g.weight.view(), g.dct.view()};
  }

 private:
  struct OnGpu {
    Buffer<double> window, roots;
    Buffer<std::int32_t> bin, offset;
    Buffer<double> weight, dct;
  };
  template <class T>
  static View<const T, 1> view(const std::vector<T>& v) {
    return {v.data(), {static_cast<Index>(v.size())}};
  }
  mutable std::mutex mutex_;
  mutable std::unique_ptr<OnGpu> on_gpu_;
};

Extractor::Extractor(FeatureConfig config, MelEngine engine) : config_(checked(std::move(config))), engine_(engine) {
  const auto t = std::make_shared<Tables>();
  t->window = window_table(config_), t->roots = root_table(config_), t->bank = mel_bank(config_);
  if (config_.kind == "mfcc") t->dct = dct_table(config_);
  warn_of_empty_filters(t->bank, config_);
  tables_ = t;
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

Buffer<float> Extractor::on_device(Exec& ex, View<const float, 1> samples) const {
  const FeatureConfig& c = config_;
  const Index T = frames(samples.shape[0]);
  const TableViews t = tables_->in_memory_of(ex);
  Index columns = c.n_mels;
  Buffer<float> x(ex, T * columns);
  const auto rows = [&](const Buffer<float>& of, Index wide) { return View<float, 2>(of.data(), {T, wide}); };
  // What `op` makes of x takes its place.
  const auto then = [&](Index wide, const auto& op) {
    Buffer<float> y(ex, T * wide);
    op(rows(x, columns), rows(y, wide));
    x = std::move(y), columns = wide;
  };

  MelArgs a = mel_args(c);
  a.engine = engine_;
  a.samples = samples, a.window = t.window, a.roots = {t.roots.data, {c.n_fft, 2}};
  a.filter_bin = t.bin, a.filter_offset = t.offset, a.filter_weight = t.weight;
  a.out = rows(x, columns);
  mel(ex, a);
  if (c.kind == "mfcc")
    then(c.n_mfcc, [&](View<float, 2> in, View<float, 2> out) {
      dct(ex, {in, {t.dct.data, {c.n_mfcc, c.n_mels}}, out});
    });
  if (c.deltas > 0)
    then(columns * (1 + c.deltas), [&](View<float, 2> in, View<float, 2> out) {
      deltas(ex, {in, c.delta_window / 2, out});
    });
  if (c.context > 0)
    then(columns * (1 + 2 * c.context), [&](View<float, 2> in, View<float, 2> out) { splice(ex, {in, out}); });
  return x;
}

Matrix Extractor::operator()(Exec& ex, std::span<const float> samples) const {
  const Index S = static_cast<Index>(samples.size());
  Matrix out;
  out.rows = frames(S), out.cols = dim();
  if (std::holds_alternative<CpuExec>(ex)) {
    out.values = on_device(ex, {samples.data(), {S}}).values(ex);
  } else {
    const Buffer<float> there(ex, samples);
    out.values = on_device(ex, there.view()).values(ex);
  }
  return out;
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
