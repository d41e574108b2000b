#include "features/mel_stream.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <optional>
#include <utility>

#include "features/framing.h"
#include "features/tables.h"
#include "host/core/log.h"
#include "host/core/text.h"
#include "host/device/memory.h"

namespace cutract {
namespace {

Edge edge_of(const FeatureConfig& c) {
  return c.framing == Framing::centre_reflect ? Edge::reflect : c.framing == Framing::cover ? Edge::mirror : Edge::zero;
}

void warn_of_empty_filters(const MelBank& bank, const FeatureConfig& c) {
  int empty = 0;
  for (std::size_t m = 0; m < bank.bin.size(); ++m) empty += bank.offset[m] == bank.offset[m + 1];
  if (empty > 0)
    log::warn(
        fmt::format("features.n_mels: is {}, so narrow filters fall between two bins of the FFT ({} points) and are "
                    "constant: {}; use fewer filters or a larger n_fft",
                    c.n_mels, c.n_fft, counted(empty, "filter")));
}

// Everything but the tables and the samples.
MelArgs mel_args(const FeatureConfig& c) {
  const bool whisper = c.log == LogScale::whisper;
  MelArgs a;
  a.engine = c.engine;
  a.n_fft = c.n_fft;
  a.hop = c.hop_samples;
  a.first = first_sample(c);
  a.edge = edge_of(c);
  a.sample_scale = c.sample_scale;
  a.preemphasis = c.preemphasis;
  a.remove_dc = c.remove_dc;
  a.log = c.log == LogScale::db ? LogUnit::db : c.log == LogScale::ln ? LogUnit::ln : LogUnit::log10;
  a.floor = c.log_floor;
  a.add_floor = c.log_offset;
  a.range = whisper ? 8 : c.log == LogScale::db ? c.top_db : 0;
  if (whisper) {
    a.shift = 4;
    a.gain = 0.25;
  }
  return a;
}

struct TableViews {
  View<const double, 1> window, roots;
  View<const std::int32_t, 1> bin, offset;
  View<const double, 1> weight, dct;
};

// The size in dB of one unit of a log-mel.
double db_per_unit(const FeatureConfig& c) {
  if (c.log == LogScale::db) return 1;
  if (c.log == LogScale::ln) return 10 / std::log(10.0);
  return c.log == LogScale::whisper ? 40 : 10;
}

}  // namespace

struct MelStream::Tables {
  std::vector<double> window, roots;
  MelBank bank;
  std::vector<double> dct;

  TableViews views() const {
    return {view(window), view(roots), view(bank.bin), view(bank.offset), view(bank.weight), view(dct)};
  }

 private:
  template <class T>
  static View<const T, 1> view(const std::vector<T>& v) {
    return {v.data(), {static_cast<Index>(v.size())}};
  }
};

// The tables in the memory of a GPU.
struct MelStream::OnGpu {
  TableViews views(Exec& ex, const Tables& from) {
    if (!tables_)
      tables_.emplace(Copies{{ex, from.window},
                             {ex, from.roots},
                             {ex, from.bank.bin},
                             {ex, from.bank.offset},
                             {ex, from.bank.weight},
                             {ex, from.dct}});
    const Copies& t = *tables_;
    return {t.window.view(), t.roots.view(), t.bin.view(), t.offset.view(), t.weight.view(), t.dct.view()};
  }

 private:
  struct Copies {
    Buffer<double> window, roots;
    Buffer<std::int32_t> bin, offset;
    Buffer<double> weight, dct;
  };
  std::optional<Copies> tables_;
};

void MelStream::options(FieldTable& v, StreamOptions& o) {
  spectrum_fields(v, o.features);
  if (o.features.kind == FeatureKind::mfcc) cepstrum_fields(v, o.features);
}

std::vector<Column> MelStream::columns(const StreamOptions& o) {
  const FeatureConfig& c = o.features;
  const bool mfcc = c.kind == FeatureKind::mfcc;
  const double per_db = 1 / db_per_unit(c);
  std::vector<Column> out;
  for (int i = 0; i < (mfcc ? c.n_mfcc : c.n_mels); ++i) {
    const double own = !mfcc ? per_db : i == 0 ? per_db * std::sqrt(static_cast<double>(c.n_mels)) : 0;
    out.push_back({fmt::format("{}_{}", o.name, i), o.normalise, own});
  }
  return out;
}

MelStream::MelStream(const StreamOptions& o) : args_(mel_args(o.features)), on_gpu_(std::make_shared<OnGpu>()) {
  const FeatureConfig& c = o.features;
  const auto t = std::make_shared<Tables>();
  t->window = window_table(c);
  t->roots = root_table(c);
  t->bank = mel_bank(c);
  if (c.kind == FeatureKind::mfcc) {
    t->dct = dct_table(c);
    cepstra_ = c.n_mfcc;
  }
  warn_of_empty_filters(t->bank, c);
  tables_ = t;
}

void MelStream::compute(Exec& ex, const StreamInput& in, View<float, 2> out) const {
  const bool on_host = std::holds_alternative<CpuExec>(ex);
  const TableViews t = on_host ? tables_->views() : on_gpu_->views(ex, *tables_);
  MelArgs a = args_;
  a.samples = in.samples;
  a.first_sample = in.first_sample;
  a.first_frame = in.first_frame;
  a.window = t.window;
  a.roots = {t.roots.data, {a.n_fft, 2}};
  a.filter_bin = t.bin;
  a.filter_offset = t.offset;
  a.filter_weight = t.weight;
  if (cepstra_ > 0) a.basis = {t.dct.data, {cepstra_, t.bin.shape[0]}};
  a.out = out;
  mel(ex, a);
}

}  // namespace cutract
