#include "features/extractor.h"

#include <algorithm>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "features/framing.h"
#include "features/recipe.h"
#include "host/device/memory.h"
#include "host/io/sha256.h"
#include "kernels/frontend/deltas.h"
#include "kernels/frontend/splice.h"

namespace cutract {
namespace {

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

bool all_int16(std::span<const Speech> utterances) {
  return std::all_of(utterances.begin(), utterances.end(),
                     [](const Speech& s) { return s.samples.int16s() != nullptr; });
}

// Returns the samples of all utterances, one after another.
std::vector<std::int16_t> packed_int16s(std::span<const Speech> utterances) {
  std::vector<std::int16_t> all;
  for (const auto& [x, states] : utterances) all.insert(all.end(), x.int16s(), x.int16s() + x.size());
  return all;
}
std::vector<float> packed_floats(std::span<const Speech> utterances) {
  std::vector<float> all;
  for (const auto& [x, states] : utterances)
    for (Index i = 0; i < x.size(); ++i) all.push_back(x[i]);
  return all;
}

}  // namespace

struct Extractor::Scratch {
  Kept base, joined;     // results that a later op reads
  Kept samples, starts;  // uploaded from the host
  Kept result;           // features on their way to host memory, because ops read back what they wrote
};

// The memory that an extractor keeps on a GPU, for one call at a time.
struct Extractor::OnGpu {
  std::mutex mutex;
  Scratch scratch;
};

Extractor::Extractor(FeatureConfig config)
    : config_(checked(std::move(config))),
      streams_(streams_of(config_)),
      columns_(columns_of(config_)),
      on_gpu_(std::make_shared<OnGpu>()) {
  framing_ = framing_of(config_, streams_);
  for (const StreamConfig& s : streams_) computed_.push_back(s.kind->make(s.options));
}

Index Extractor::frames(Index samples) const { return frame_count(framing_, samples); }

double Extractor::first_centre_s() const { return cutract::first_centre_s(framing_); }

double Extractor::step_s() const { return static_cast<double>(config_.hop_samples) / config_.sample_rate; }

std::string Extractor::hash() const { return sha256_hex(feature_recipe(config_)); }

// Each op's last result goes to `out`: a lone stream without deltas or context is computed in place.
void Extractor::compute(Exec& ex, const StreamInput& in, Scratch& scratch, View<float, 2> out) const {
  const Index T = out.shape[0], wide = dim() / (1 + 2 * config_.context);
  const bool splices = config_.context > 0;
  const View<float, 2> row{splices ? scratch.joined.room<float>(ex, T * wide) : out.data, {T, wide}};
  Index most = 0;  // reserved once, because the ops of one stream may still run when the next is queued
  for (const StreamConfig& s : streams_)
    if (s.base < wide) most = std::max(most, s.base);
  float* base = most > 0 ? scratch.base.room<float>(ex, T * most) : nullptr;
  for (std::size_t i = 0; i < streams_.size(); ++i) {
    const StreamConfig& s = streams_[i];
    const bool in_place = s.base == wide;
    const View<float, 2> own{in_place ? row.data : base, {T, s.base}};
    std::visit([&](const auto& stream) { stream.compute(ex, in, own); }, computed_[i]);
    const FeatureConfig& c = s.options.features;
    if (!in_place) deltas(ex, {own, c.delta_window / 2, row, in.first_frame, s.first, c.deltas});
  }
  if (splices) splice(ex, {row, out, in.first_frame});
}

// Threads may share an extractor, so each call has scratch memory of its own.
std::vector<Frames> Extractor::on_cpu(Exec& ex, std::span<const Speech> utterances) const {
  std::vector<Frames> all;
  for (const Speech& one : utterances) {
    const Index rows = frames(one.samples.size());
    const auto memory = std::make_shared<const Buffer<float>>(ex, rows * dim(), Place::device, "features");
    all.emplace_back(memory, View<float, 2>{memory->data(), {rows, dim()}});
    Scratch own;
    compute(ex, {one.samples, {}, {}, {&one, 1}, {&rows, 1}, first_centre_s(), step_s()}, own, all.back().view());
  }
  return all;
}

std::vector<Frames> Extractor::operator()(Exec& ex, std::span<const Speech> utterances, Place place) const {
  if (std::holds_alternative<CpuExec>(ex)) return on_cpu(ex, utterances);
  std::vector<Index> starts{0}, first_frame{0}, rows;
  for (const Speech& s : utterances) {
    rows.push_back(frames(s.samples.size()));
    starts.push_back(starts.back() + s.samples.size());
    first_frame.push_back(first_frame.back() + rows.back());
  }
  const Index S = starts.back(), T = first_frame.back(), count = std::ssize(starts);
  const auto out = std::make_shared<const Buffer<float>>(ex, T * dim(), place, "features");
  std::vector<Frames> all;
  for (std::size_t u = 0; u < utterances.size(); ++u)
    all.emplace_back(out, View<float, 2>{out->data() + first_frame[u] * dim(), {rows[u], dim()}});
  starts.insert(starts.end(), first_frame.begin(), first_frame.end());

  const std::lock_guard lock(on_gpu_->mutex);
  Scratch& scratch = on_gpu_->scratch;
  const Samples there = all_int16(utterances)
                            ? Samples(View<std::int16_t, 1>{scratch.samples.filled(ex, packed_int16s(utterances)), {S}})
                            : Samples(View<float, 1>{scratch.samples.filled(ex, packed_floats(utterances)), {S}});
  const Index* first = scratch.starts.filled(ex, starts);
  const bool shared = place == Place::shared;
  const View<float, 2> result{shared ? scratch.result.room<float>(ex, T * dim()) : out->data(), {T, dim()}};
  compute(ex, {there, {first, {count}}, {first + count, {count}}, utterances, rows, first_centre_s(), step_s()},
          scratch, result);
  if (shared) copy_to_host(ex, result.data, std::span(out->data(), static_cast<std::size_t>(out->size())));
  return all;
}

Frames features_of(Exec& ex, const Extractor& extract, std::span<const float> samples, const Track* states) {
  const Speech one{View<const float, 1>{samples.data(), {std::ssize(samples)}}, states};
  return std::move(extract(ex, {&one, 1}).front());
}

Frames features_of(Exec& ex, const Extractor& extract, const Audio& audio, const Track* states) {
  const int rate = extract.config().sample_rate;
  if (audio.sample_rate == rate) return features_of(ex, extract, std::span<const float>(audio.samples), states);
  return features_of(ex, extract, std::span<const float>(resample(audio.samples, audio.sample_rate, rate)), states);
}

}  // namespace cutract
