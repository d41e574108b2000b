#include <cutract/inverter.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <mutex>
#include <new>
#include <utility>

#include "features/extractor.h"
#include "host/core/error.h"
#include "host/core/text.h"
#include "host/device/choose_exec.h"
#include "host/io/audio.h"
#include "host/io/audio_container.h"
#include "model/predictor.h"
#include "model/speaker_statistics.h"
#include "model/trained_model.h"

namespace cutract {
namespace {

void check_samples(std::span<const float> samples, int sample_rate) {
  if (sample_rate < kLowestRate || sample_rate > kHighestRate)
    fail(Fault::data,
         fmt::format("sample rate: is {} Hz, expected {} to {} Hz", sample_rate, kLowestRate, kHighestRate));
  for (std::size_t i = 0; i < samples.size(); ++i)
    if (!std::isfinite(samples[i]))
      fail(Fault::data, fmt::format("samples: sample {} is {}, expected a finite number", i, samples[i]));
}

// Runs the work of a public function, whose faults are all Errors. `advice` is for when memory is short.
template <class Work>
auto as_errors(const char* advice, Work&& work) {
  try {
    return work();
  } catch (const Error&) { throw; } catch (const std::bad_alloc&) {
    fail(Fault::memory, fmt::format("out of memory; {}", advice));
  } catch (const std::exception& e) { fail(Fault::internal, e.what()); }
}

}  // namespace

struct Inverter::Impl {
  TrainedModel model;
  Extractor extractor;
  std::vector<Movement::Channel> channels;
  Origin origin;
  std::mutex mutex;
  Exec ex;
  Network network;
  Predictor predictor;

  Impl(TrainedModel m, Exec on)
      : model(std::move(m)),
        extractor(model.config.features),
        origin{model.checkpoint,         model.corpus_name, model.epoch, model.val_loss, write_run_config(model.config),
               model.config.data.channel},
        ex(std::move(on)),
        network(ex, model.model, {.precision = model.config.trainer.precision}, Mode::inference),
        predictor(ex, network) {
    for (const auto& c : model.channels) channels.push_back({c.name, c.unit});
  }

  static Inverter load(const std::string& model, const std::string& device);
  Movement predict(std::span<const float> samples, int sample_rate, std::string_view speaker);

  Normaliser features_by(RecordingFeatures& features, const std::string& speaker) {
    Normaliser by = model.features;
    if (adapts_to_recording(model, speaker)) adapt(by, features.measure(ex), extractor.config(), speaker);
    return by;
  }
};

Inverter::Inverter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Inverter::~Inverter() = default;
Inverter::Inverter(Inverter&&) noexcept = default;
Inverter& Inverter::operator=(Inverter&&) noexcept = default;

Inverter Inverter::load(const std::string& model, const std::string& device) {
  return as_errors("close other programs", [&] { return Impl::load(model, device); });
}

Inverter Inverter::Impl::load(const std::string& model, const std::string& device) {
  TrainedModel loaded = load_model(model);
  for (const StreamConfig& s : streams_of(loaded.config.features))
    if (!s.kind->of_speech)
      fail(Fault::usage, fmt::format("{}: this model also reads features that another program computes, which this "
                                     "interface does not take; use `cutract predict --features FILE.npy`",
                                     model));
  Exec ex = choose_exec(device, loaded.config.trainer.threads, "device").ex;
  return Inverter(std::make_unique<Impl>(std::move(loaded), std::move(ex)));
}

std::span<const Movement::Channel> Inverter::channels() const { return impl_->channels; }
double Inverter::step_s() const { return impl_->extractor.step_s(); }
int Inverter::sample_rate() const { return impl_->extractor.config().sample_rate; }
const Inverter::Origin& Inverter::origin() const { return impl_->origin; }
std::vector<std::string> Inverter::speakers() const { return speakers_of(impl_->model); }

Movement Inverter::operator()(std::span<const float> samples, int sample_rate, std::string_view speaker) const {
  return as_errors("give a shorter recording, or close other programs",
                   [&] { return impl_->predict(samples, sample_rate, speaker); });
}

Movement Inverter::Impl::predict(std::span<const float> samples, int sample_rate, std::string_view speaker) {
  const std::string name(speaker);
  check_samples(samples, sample_rate);
  expect_known_speaker(model, name, "speaker");
  const std::lock_guard lock(mutex);
  std::vector<float> resampled;
  if (const int own = extractor.config().sample_rate; sample_rate != own) {
    resampled = resample(samples, sample_rate, own);
    samples = resampled;
  }
  RecordingFeatures features = features_to_predict(ex, extractor, model.features, sound_of(samples));
  if (features.rows() == 0)
    fail(Fault::data, fmt::format("samples: has {}, too few for one frame of features; give longer audio",
                                  counted(std::ssize(samples), "sample")));
  const Normaliser by = features_by(features, name);
  Matrix values = predictor(ex, by, model.targets, features, name);
  return {channels, extractor.first_centre_s(), extractor.step_s(), std::move(values.values)};
}

}  // namespace cutract
