#include "features/recording_features.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "features/clipped_samples.h"
#include "features/tables.h"
#include "kernels/frontend/dct.h"
#include "kernels/frontend/deltas.h"
#include "kernels/frontend/splice.h"

namespace cutract {
namespace {

constexpr Index kBlock = 1 << 16;  // samples
constexpr Index kStepRows = 4000;  // frames that are measured at a time

// Calls `see` with all samples, block by block.
template <class F>
void each_block(const Sound& sound, F see) {
  std::vector<float> block(static_cast<std::size_t>(std::min(kBlock, sound.size)));
  for (Index at = 0; at < sound.size; at += kBlock) {
    const std::span<float> here = std::span(block).first(static_cast<std::size_t>(std::min(kBlock, sound.size - at)));
    sound.copy(at, here);
    see(std::span<const float>(here));
  }
}

// The settings of plain log-mels: without cepstra, deltas, context and the range below the maximum, which part()
// applies.
FeatureConfig plain_log_mels(FeatureConfig c) {
  c.streams.clear();
  c.kind = FeatureKind::mel;
  c.deltas = 0;
  c.context = 0;
  c.top_db = 0;
  if (c.log == LogScale::whisper) c.log = LogScale::log10;
  return c;
}

// The range below the utterance's maximum, in the unit of the log-mels; 0: none.
double range_of(const FeatureConfig& c) {
  if (c.log == LogScale::whisper) return 8;
  return c.log == LogScale::db ? c.top_db : 0;
}

// The result of an op, as frames of their own.
class Made {
 public:
  Made(Exec& ex, Index rows, Index cols)
      : buffer_(std::make_shared<const Buffer<float>>(ex, rows * cols, Place::device, "features")),
        view_{buffer_->data(), {rows, cols}} {}
  View<float, 2> view() const { return view_; }
  Frames frames() const { return {buffer_, view_}; }

 private:
  std::shared_ptr<const Buffer<float>> buffer_;
  View<float, 2> view_;
};

Frames cepstra(Exec& ex, const Frames& log_mels, const FeatureConfig& c) {
  const std::vector<double> table = dct_table(c);
  const Buffer<double> basis(ex, table);
  const Made out(ex, log_mels.rows(), c.n_mfcc);
  dct(ex, {log_mels.view(), {basis.data(), {c.n_mfcc, c.n_mels}}, out.view()});
  return out.frames();
}

Frames with_deltas(Exec& ex, const Frames& x, const FeatureConfig& c) {
  const Made out(ex, x.rows(), x.cols() * (1 + c.deltas));
  deltas(ex, {x.view(), c.delta_window / 2, out.view(), {}});
  return out.frames();
}

Frames with_context(Exec& ex, const Frames& x, const FeatureConfig& c) {
  const Made out(ex, x.rows(), x.cols() * (1 + 2 * c.context));
  splice(ex, {x.view(), out.view(), {}});
  return out.frames();
}

}  // namespace

Sound sound_of(std::span<const float> samples) {
  return {std::ssize(samples),
          [samples](Index first, std::span<float> to) { std::copy_n(samples.begin() + first, to.size(), to.begin()); }};
}

Heard measure_samples(const Sound& sound) {
  Heard heard;
  heard.samples = sound.size;
  ClippedSamples clipped;
  each_block(sound, [&](std::span<const float> block) { clipped.find_extremes(block); });
  heard.peak = clipped.peak();
  if (clipped.audible()) each_block(sound, [&](std::span<const float> block) { clipped.count(block); });
  heard.clipped = clipped.total();
  return heard;
}

RecordingFeatures::RecordingFeatures(Exec& ex, const Extractor& extractor, Sound sound, Index most_kept,
                                     const Track* states)
    : extractor_(extractor),
      sound_(std::move(sound)),
      rows_(extractor.frames(sound_.size)),
      largest_(-std::numeric_limits<float>::infinity()) {
  const std::span<const StreamConfig> streams = extractor.streams();
  const bool in_parts = streams.size() == 1 && (streams[0].is("mel") || streams[0].is("mfcc"));
  if (rows_ <= most_kept || !in_parts) {
    std::vector<float> samples(static_cast<std::size_t>(sound_.size));
    if (sound_.size > 0) sound_.copy(0, samples);
    whole_ = features_of(ex, extractor_, samples, states);
    return;
  }
  config_ = streams[0].options.features;
  config_.context = extractor.config().context;
  const FeatureConfig& c = config_;
  plain_.emplace(plain_log_mels(c));
  if (range_of(c) == 0) return;
  for (Index at = 0; at < rows_; at += kStepRows) {
    const Matrix here = log_mels(ex, at, std::min(kStepRows, rows_ - at)).matrix(ex);
    largest_ = std::max(largest_, *std::max_element(here.values.begin(), here.values.end()));
  }
}

// The samples begin enough frames earlier and end enough later that no wanted frame reaches beyond them, unless the
// recording itself ends there.
Frames RecordingFeatures::log_mels(Exec& ex, Index first, Index rows) {
  const FeatureConfig& c = plain_->config();
  const Index hop = c.hop_samples, reach = c.n_fft / hop + 2;
  const Index start = std::max<Index>(first - reach, 0);
  const Index end = std::min(sound_.size, (first + rows + reach) * hop + c.n_fft);
  samples_.resize(static_cast<std::size_t>(end - start * hop));
  sound_.copy(start * hop, samples_);
  return features_of(ex, *plain_, samples_).part(first - start, rows);
}

void RecordingFeatures::limit_range(Exec& ex, Frames& log_mels) const {
  const FeatureConfig& c = config_;
  const double range = range_of(c);
  if (range == 0) return;
  const bool whisper = c.log == LogScale::whisper;
  const double least = largest_ - range, shift = whisper ? 4 : 0, gain = whisper ? 0.25 : 1;
  Matrix values = log_mels.matrix(ex);
  for (float& v : values.values) v = static_cast<float>((std::max<double>(v, least) + shift) * gain);
  log_mels = Frames(ex, values);
}

Frames RecordingFeatures::part(Exec& ex, Index first, Index rows) {
  if (whole_) return whole_->part(first, rows);
  const FeatureConfig& c = config_;
  const Index around = c.deltas * (c.delta_window / 2) + c.context;
  const Index from = std::max<Index>(first - around, 0), to = std::min(rows_, first + rows + around);
  Frames x = log_mels(ex, from, to - from);
  limit_range(ex, x);
  if (c.kind == FeatureKind::mfcc) x = cepstra(ex, x, c);
  if (c.deltas > 0) x = with_deltas(ex, x, c);
  if (c.context > 0) x = with_context(ex, x, c);
  return x.part(first - from, rows);
}

Heard RecordingFeatures::measure(Exec& ex) {
  const FeatureConfig& c = extractor_.config();
  if (whole_) return cutract::measure(ex, *whole_, c);
  Heard all;
  for (Index at = 0; at < rows_; at += kStepRows)
    all.merge(cutract::measure(ex, part(ex, at, std::min(kStepRows, rows_ - at)), c));
  return all;
}

}  // namespace cutract
