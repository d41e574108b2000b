#include "features/extractor.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "features/recipe.h"
#include "features/tables.h"
#include "host/core/log.h"
#include "host/core/plant.h"
#include "host/core/text.h"
#include "host/device/memory.h"
#include "host/io/audio.h"
#include "host/io/sha256.h"
#include "kernels/frontend/deltas.h"
#include "kernels/frontend/mel.h"
#include "kernels/frontend/splice.h"

namespace cutract {
namespace {

bool centred(const FeatureConfig& c) {
  return c.framing == Framing::centre_zero || c.framing == Framing::centre_reflect;
}

// First sample under the window of frame 0. A centred window is in the middle of the FFT's frame.
Index first_sample(const FeatureConfig& c) {
  if (c.framing == Framing::snip) return 0;
  if (c.framing == Framing::cover) return c.hop_samples / 2 - c.win_samples / 2;
  return (c.n_fft - c.win_samples) / 2 - c.n_fft / 2;
}

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

MelArgs mel_args(const FeatureConfig& c, MelEngine engine) {
  const bool whisper = c.log == LogScale::whisper;
  MelArgs a;
  a.engine = engine;
  a.n_fft = c.n_fft, a.hop = c.hop_samples, a.first = first_sample(c), a.edge = edge_of(c);
  a.sample_scale = c.sample_scale, a.preemphasis = c.preemphasis, a.remove_dc = c.remove_dc;
  a.log = c.log == LogScale::db ? LogUnit::db : c.log == LogScale::ln ? LogUnit::ln : LogUnit::log10;
  a.floor = c.log_floor, a.add_floor = c.log_offset;
  a.range = whisper ? 8 : c.log == LogScale::db ? c.top_db : 0;
  if (whisper) a.shift = 4, a.gain = 0.25;
  return a;
}

struct TableViews {
  View<const double, 1> window, roots;
  View<const std::int32_t, 1> bin, offset;
  View<const double, 1> weight, dct;
};

// Memory that is kept between calls and grows to the largest request.
class Kept {
 public:
  template <class T>
  T* room(Exec& ex, Index n) {
    const Index bytes = n * static_cast<Index>(sizeof(T));
    if (!memory_ || memory_->bytes() < bytes) {
      memory_.reset();  // freed before the larger one is allocated
      memory_.emplace(ex, bytes);
    }
    return reinterpret_cast<T*>(memory_->data());
  }
  template <class T>
  T* filled(Exec& ex, const std::vector<T>& values) {
    T* at = room<T>(ex, static_cast<Index>(values.size()));
    copy_from_host(ex, at, std::span<const T>(values));
    return at;
  }

 private:
  std::optional<Memory> memory_;
};

struct Scratch {
  Kept base, slopes;     // results that a later op reads
  Kept samples, starts;  // uploaded from the host
  Kept result;           // features on their way to host memory, because ops read back what they wrote
};

// Everything that an op reads and writes is in the executor's memory.
void compute(Exec& ex, const FeatureConfig& c, MelEngine engine, const TableViews& t, Scratch& scratch,
             const Samples& samples, const Starts& first_sample, const Starts& first_frame, View<float, 2> out) {
  const Index T = out.shape[0], base = c.kind == FeatureKind::mfcc ? c.n_mfcc : c.n_mels, wide = base * (1 + c.deltas);
  const bool slopes = c.deltas > 0, splices = c.context > 0;  // the last op writes to out
  MelArgs a = mel_args(c, engine);
  a.samples = samples, a.first_sample = first_sample, a.first_frame = first_frame;
  a.window = t.window, a.roots = {t.roots.data, {c.n_fft, 2}};
  a.filter_bin = t.bin, a.filter_offset = t.offset, a.filter_weight = t.weight;
  if (c.kind == FeatureKind::mfcc) a.basis = {t.dct.data, {c.n_mfcc, c.n_mels}};
  a.out = {slopes || splices ? scratch.base.room<float>(ex, T * base) : out.data, {T, base}};
  mel(ex, a);
  View<float, 2> y = a.out;
  if (slopes) {
    y = {splices ? scratch.slopes.room<float>(ex, T * wide) : out.data, {T, wide}};
    deltas(ex, {a.out, c.delta_window / 2, y, first_frame});
  }
  if (splices) splice(ex, {y, out, first_frame});
}

bool all_int16(std::span<const Samples> utterances) {
  return std::all_of(utterances.begin(), utterances.end(), [](const Samples& x) { return x.int16s() != nullptr; });
}

// Returns the samples of all utterances, one after another.
std::vector<std::int16_t> packed_int16s(std::span<const Samples> utterances) {
  std::vector<std::int16_t> all;
  for (const Samples& x : utterances) all.insert(all.end(), x.int16s(), x.int16s() + x.size());
  return all;
}
std::vector<float> packed_floats(std::span<const Samples> utterances) {
  std::vector<float> all;
  for (const Samples& x : utterances)
    for (Index i = 0; i < x.size(); ++i) all.push_back(x[i]);
  return all;
}

}  // namespace

struct Extractor::Tables {
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

// The memory that an extractor keeps on a GPU, for one call at a time.
struct Extractor::OnGpu {
  std::mutex mutex;
  Scratch scratch;

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

Extractor::Extractor(FeatureConfig config, MelEngine engine) : config_(checked(std::move(config))), engine_(engine) {
  const auto t = std::make_shared<Tables>();
  t->window = window_table(config_), t->roots = root_table(config_), t->bank = mel_bank(config_);
  if (config_.kind == FeatureKind::mfcc) t->dct = dct_table(config_);
  warn_of_empty_filters(t->bank, config_);
  tables_ = t;
  on_gpu_ = std::make_shared<OnGpu>();
}

Index Extractor::dim() const {
  const Index columns = config_.kind == FeatureKind::mfcc ? config_.n_mfcc : config_.n_mels;
  return columns * (1 + config_.deltas) * (1 + 2 * config_.context);
}

Index Extractor::frames(Index samples) const {
  const FeatureConfig& c = config_;
  Index n = 0;
  if (c.framing == Framing::cover) {
    n = (samples + c.hop_samples / 2) / c.hop_samples;
  } else if (samples > 0 || c.framing == Framing::centre_zero) {
    const Index frame = centred(c) ? c.n_fft % 2 : c.win_samples;  // samples that the first frame needs
    n = samples < frame ? 0 : 1 + (samples - frame) / c.hop_samples;
  }
  return c.drop_last ? std::max<Index>(n - 1, 0) : n;
}

double Extractor::first_centre_s() const {
  const double hop = config_.hop_samples;
  const double centre = (centred(config_)                   ? 0
                         : config_.framing == Framing::snip ? config_.win_samples / 2.0
                                                            : hop / 2) +
                        (CUTRACT_PLANTED("frame_centre_late") ? hop : 0);
  return centre / config_.sample_rate;
}

double Extractor::step_s() const { return static_cast<double>(config_.hop_samples) / config_.sample_rate; }

void Extractor::on_device(Exec& ex, const Samples& samples, const Starts& first_sample, const Starts& first_frame,
                          View<float, 2> out) const {
  if (std::holds_alternative<CpuExec>(ex)) {
    Scratch own;  // threads may share an extractor
    return compute(ex, config_, engine_, tables_->views(), own, samples, first_sample, first_frame, out);
  }
  const std::lock_guard lock(on_gpu_->mutex);
  compute(ex, config_, engine_, on_gpu_->views(ex, *tables_), on_gpu_->scratch, samples, first_sample, first_frame,
          out);
}

std::vector<Frames> Extractor::of_each(Exec& ex, std::span<const Samples> utterances, Place place) const {
  std::vector<Frames> all;
  const auto add = [&](const std::shared_ptr<const Buffer<float>>& lies_in, Index first, Index rows) {
    all.emplace_back(lies_in, View<float, 2>{lies_in->data() + first * dim(), {rows, dim()}});
    return all.back().view();
  };
  const auto memory = [&](Index rows) {
    return std::make_shared<const Buffer<float>>(ex, rows * dim(), place, "features");
  };
  if (std::holds_alternative<CpuExec>(ex)) {
    for (const Samples& x : utterances) {
      const Index rows = frames(x.size());
      on_device(ex, x, {}, {}, add(memory(rows), 0, rows));
    }
    return all;
  }
  std::vector<Index> starts{0}, first_frame{0};
  for (const Samples& x : utterances) {
    starts.push_back(starts.back() + x.size());
    first_frame.push_back(first_frame.back() + frames(x.size()));
  }
  const Index S = starts.back(), T = first_frame.back(), count = static_cast<Index>(starts.size());
  const auto out = memory(T);
  for (std::size_t u = 0; u < utterances.size(); ++u) add(out, first_frame[u], first_frame[u + 1] - first_frame[u]);
  starts.insert(starts.end(), first_frame.begin(), first_frame.end());

  const std::lock_guard lock(on_gpu_->mutex);
  Scratch& scratch = on_gpu_->scratch;
  const Samples there = all_int16(utterances)
                            ? Samples(View<std::int16_t, 1>{scratch.samples.filled(ex, packed_int16s(utterances)), {S}})
                            : Samples(View<float, 1>{scratch.samples.filled(ex, packed_floats(utterances)), {S}});
  const Index* first = scratch.starts.filled(ex, starts);
  const bool shared = place == Place::shared;
  const View<float, 2> result{shared ? scratch.result.room<float>(ex, T * dim()) : out->data(), {T, dim()}};
  compute(ex, config_, engine_, on_gpu_->views(ex, *tables_), scratch, there, {first, {count}},
          {first + count, {count}}, result);
  if (shared) copy_to_host(ex, result.data, std::span(out->data(), static_cast<std::size_t>(out->size())));
  return all;
}

Frames Extractor::frames_of(Exec& ex, std::span<const float> samples) const {
  const Samples one = View<const float, 1>{samples.data(), {static_cast<Index>(samples.size())}};
  return std::move(of_each(ex, {&one, 1}).front());
}

Matrix Extractor::operator()(Exec& ex, std::span<const float> samples) const {
  return frames_of(ex, samples).matrix(ex);
}

Matrix Extractor::operator()(Exec& ex, std::span<const std::int16_t> samples) const {
  const Samples one = View<const std::int16_t, 1>{samples.data(), {static_cast<Index>(samples.size())}};
  return of_each(ex, {&one, 1}).front().matrix(ex);
}

Frames Extractor::from_audio(Exec& ex, std::span<const float> samples, int sample_rate) const {
  if (sample_rate == config_.sample_rate) return frames_of(ex, samples);
  return frames_of(ex, resample(samples, sample_rate, config_.sample_rate));
}

std::string Extractor::hash() const { return sha256_hex(feature_recipe(config_)); }

}  // namespace cutract
